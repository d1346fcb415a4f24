"""The province's pen: drafts, another person's review, and the release.

Invariants:
* nobody reviews their own draft, nobody publishes alone;
* a published catalogue passed every check, kept its locked versions, and every
  example came true on this hub's PostgreSQL;
* rules, bundle, signatures and draft marks commit together or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kuwei_hub.catalogue import store
from kuwei_hub.catalogue.domain import (
    FAMILY,
    DraftRow,
    DraftState,
    RuleDetail,
    RuleRow,
    RuleSearch,
    check_step,
    rule_path,
)
from kuwei_hub.distribution.domain import Publication, ReleaseRow
from kuwei_hub.distribution.service.library import Library
from kuwei_shared.catalogue import bundle, lock
from kuwei_shared.catalogue.aloud import Reader, fact_aloud, placed_terms
from kuwei_shared.catalogue.checks.registry import CHECKS, run_checks
from kuwei_shared.catalogue.checks.study import Check
from kuwei_shared.catalogue.document import Plain
from kuwei_shared.catalogue.engines import PostgresEngine
from kuwei_shared.catalogue.files import LOCK, Files
from kuwei_shared.catalogue.issues import Issue, refusal
from kuwei_shared.catalogue.loading import catalogue_of, read
from kuwei_shared.catalogue.trial import try_examples
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.releases.keys import KeyFolder
from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.compiler import names_of
from kuwei_shared.rules.model import Catalogue, Rule
from kuwei_shared.rules.parser import parse
from kuwei_shared.rules.placeholders import outlined

SOURCE_CHARS_MAX = 40_000
SHOWN_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """The standard catalogue of one hub."""

    clock: Clock
    library: Library
    checks: tuple[Check, ...] = CHECKS

    def draft(
        self,
        session: Session,
        source: str,
        *,
        rule_id: str,
        family: str,
        by: str,
        evidence: str = "",
    ) -> int:
        """Hand a rule text in for review; return the draft's number.

        Raises:
            KuweiError: ``draft.*``; what is wrong with the text itself is found
                at review, against the catalogue it will join.
        """
        if not FAMILY.fullmatch(family) or len(source) > SOURCE_CHARS_MAX:
            raise KuweiError("draft.malformed", "规则分类名不合格式,或正文过长。")
        if store.waiting_draft(session, rule_id) is not None:
            raise KuweiError(
                "draft.waiting",
                f"规则 {rule_id} 已有在审或待发布的稿件,请先处理。",
                kind=Kind.CONFLICT,
            )
        row = DraftRow(
            id=0,
            rule_id=rule_id,
            family=family,
            source=source,
            state=DraftState.IN_REVIEW,
            author=by,
            evidence=evidence,
            reviewer=None,
            note="",
            created_at=self.clock.now(),
            reviewed_at=None,
            released_serial=None,
        )
        return store.add_draft(session, row)

    def approve(
        self, session: Session, draft_id: int, *, by: str, note: str = ""
    ) -> None:
        """Let a draft into the next release, after it fits the newest one.

        Raises:
            KuweiError: ``draft.own``, ``draft.closed``, ``draft.skips_trial``,
                ``catalogue.invalid``, ``catalogue.example_failed``.
        """
        draft = self._reviewable(session, draft_id, by)
        files = {**self._published(session), **_overlay([draft])}
        rule = catalogue_of(files).rules.get(draft.rule_id)
        if rule is None:
            raise KuweiError(
                "draft.bad_id", f"正文中的编号不是 {draft.rule_id},请改为一致。"
            )
        before = self.find(session, draft.rule_id)
        check_step(rule, before.row.status if before else None, draft.evidence)
        _try(session, catalogue_of(files), frozenset({rule.id}))
        self._decide(session, draft_id, DraftState.APPROVED, by, note)

    def refuse(self, session: Session, draft_id: int, *, by: str, note: str) -> None:
        """Send a draft back with a reason.

        Raises:
            KuweiError: ``draft.own`` or ``draft.closed``.
        """
        self._reviewable(session, draft_id, by)
        self._decide(session, draft_id, DraftState.REFUSED, by, note)

    def publish(
        self,
        session: Session,
        files: Files,
        schemas: Mapping[str, Plain],
        *,
        author: str,
        approver: str,
        keys: KeyFolder,
        note: str = "",
        withdraw_below: int | None = None,
    ) -> ReleaseRow:
        """Check, lock, pack, sign and record a release.

        Args:
            session: the open transaction.
            files: the catalogue's files; approved drafts are laid over them.
            schemas: the published JSON Schemas.
            author: holder of the first signature.
            approver: holder of the second.
            keys: their keys.
            note: shown with the release.
            withdraw_below: no earlier serial may run any more.

        Raises:
            KuweiError: ``catalogue.*`` listing what is wrong, ``release.*``.
        """
        taken = store.approved(session)
        whole = {**files, **_overlay(taken)}
        reading = read(whole)
        issues = run_checks(reading, schemas, self.checks)
        if issues:
            raise refusal(issues)
        serial = self.library.next_serial(session)
        whole[LOCK] = self._locked(session, reading.catalogue)
        _try(session, reading.catalogue)
        publication = Publication(
            version=f"{reading.catalogue.version}.{serial}",
            bundle=bundle.pack_files(whole),
            rule_count=len(reading.catalogue.rules),
            author=author,
            approver=approver,
            note=note,
        )
        release = self.library.publish(
            session, publication, keys, withdraw_below=withdraw_below
        )
        store.add_rules(session, _rows(release.serial, reading.rules, whole))
        store.mark_released(session, [draft.id for draft in taken], release.serial)
        return release

    def rules(
        self, session: Session, search: RuleSearch, request: PageRequest
    ) -> Page[RuleRow]:
        """Return rules of a release; none before the first."""
        serial = search.serial or store.newest_serial(session)
        if serial is None:
            return Page(rows=[], total=0, request=request)
        return store.rules(session, serial, search, request)

    def titles(self, session: Session, rule_ids: Collection[str]) -> dict[str, str]:
        """Return what rules are called in the newest release that holds each."""
        return store.titles(session, rule_ids)

    def families(self, session: Session) -> list[str]:
        """Return the families of the newest release's rules."""
        return store.families(session, store.newest_serial(session) or 0)

    def find(
        self, session: Session, rule_id: str, serial: int | None = None
    ) -> RuleDetail | None:
        """Return a rule of a release, the newest unless said otherwise."""
        serial = serial or store.newest_serial(session)
        found = None if serial is None else store.rule(session, serial, rule_id)
        if found is None:
            return None
        row, source = found
        catalogue = catalogue_of(self._files_of(session, row.serial))
        return _detail(row, catalogue, source)

    def history(
        self, session: Session, rule_id: str, request: PageRequest
    ) -> Page[RuleRow]:
        """Return a rule in every release that holds it, newest first."""
        return store.history(session, rule_id, request)

    def drafts(self, session: Session, request: PageRequest) -> Page[DraftRow]:
        """Return drafts, newest first."""
        return store.drafts(session, request)

    def _reviewable(self, session: Session, draft_id: int, by: str) -> DraftRow:
        draft = store.draft(session, draft_id)
        if draft is None or draft.state is not DraftState.IN_REVIEW:
            raise KuweiError(
                "draft.closed", "该稿件不在待审状态,请刷新后再看。", kind=Kind.CONFLICT
            )
        if draft.author == by:
            raise KuweiError(
                "draft.own", "不能审核自己起草的规则,请由另一人审核。", kind=Kind.DENIED
            )
        return draft

    def _decide(
        self, session: Session, draft_id: int, state: DraftState, by: str, note: str
    ) -> None:
        now = self.clock.now()
        store.decide(session, draft_id, state, reviewer=by, note=note, now=now)

    def _published(self, session: Session) -> Files:
        serial = store.newest_serial(session)
        if serial is None:
            raise KuweiError(
                "catalogue.none",
                "尚未发布过目录,请先发布标准目录。",
                kind=Kind.CONFLICT,
            )
        return self._files_of(session, serial)

    def _files_of(self, session: Session, serial: int) -> Files:
        return bundle.unpack_files(self.library.bundle(session, serial))

    def _locked(self, session: Session, catalogue: Catalogue) -> bytes:
        """Return the new lock; the newest release's lock is what binds."""
        now = lock.lock_of(catalogue)
        if store.newest_serial(session) is not None:
            before = lock.read_lock(self._published(session)[LOCK])
            if isinstance(before, Issue):
                raise refusal([before])
            faults = list(lock.blocking(now, before))
            if faults:
                said = ";".join(f"{r}:{why}{how}" for r, why, how in faults[:SHOWN_MAX])
                raise KuweiError(
                    "catalogue.lock",
                    f"与已发布版本的锁定不符,共 {len(faults)} 处:{said}",
                    kind=Kind.CONFLICT,
                )
        return lock.written(now)


def _detail(row: RuleRow, catalogue: Catalogue, source: str) -> RuleDetail:
    rule = catalogue.rules[row.rule_id]
    condition = parse(rule.when, names_of(rule, catalogue))
    used = [name for name in tree.names(condition) if name.startswith("fact.")]
    facts = [catalogue.vocabulary.facts[name.removeprefix("fact.")] for name in used]
    given = {name for example in rule.examples for name in example.given}
    return RuleDetail(
        row=row,
        rule=rule,
        source=source,
        conditions=tuple(placed_terms(condition, Reader(rule, catalogue))),
        facts=tuple(fact_aloud(fact, catalogue) for fact in facts),
        explain=outlined(rule.explain, lambda name: _label(name, rule, catalogue)),
        labels={
            name: catalogue.vocabulary.label_of(name)
            for name in given | set(rule.requires)
        },
        meanings={
            name: field.values
            for name, field in catalogue.vocabulary.payment.items()
            if name in given and field.values
        },
    )


def _label(name: str, rule: Rule, catalogue: Catalogue) -> str:
    prefix, _, rest = name.partition(".")
    if prefix == "param" and rest in rule.params:
        return rule.params[rest].label
    return catalogue.vocabulary.label_of(name)


def _overlay(drafts: list[DraftRow]) -> dict[str, bytes]:
    return {
        rule_path(draft.family, draft.rule_id): draft.source.encode()
        for draft in drafts
    }


def _try(
    session: Session, catalogue: Catalogue, only: frozenset[str] = frozenset()
) -> None:
    engine = PostgresEngine(session.connection())
    failed = [one for one in try_examples(catalogue, engine, only) if not one.passed]
    if failed:
        said = ";".join(
            f"{one.rule.id} 例“{one.example.case}”{one.fault or one.letter}"
            for one in failed[:SHOWN_MAX]
        )
        raise KuweiError(
            "catalogue.example_failed",
            f"有 {len(failed)} 个规则示例不成立:{said}。",
            details={"rule": failed[0].rule.id, "failed": len(failed)},
        )


def _rows(
    serial: int, rules: tuple[tuple[str, Rule], ...], files: Files
) -> Iterator[tuple[RuleRow, str]]:
    for path, rule in rules:
        row = RuleRow(
            serial=serial,
            rule_id=rule.id,
            family=path.split("/")[1],
            version=rule.version,
            title=rule.title,
            status=rule.status,
            severity=rule.severity,
            warn_type=rule.warn_type,
            trigger=rule.schedule or "、".join(rule.stages),
            basis=";".join(f"{b.ref} {b.document}{b.clause}" for b in rule.basis),
        )
        yield row, files[path].decode()

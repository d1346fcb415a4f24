"""What a bureau may change on top of the standard: parameters, and rules of its own.

Both need a second person, take force at once in every process, and are kept after
they end, so that an old screening can be repeated.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from kuwei_node.catalogue.domain import (
    LocalRule,
    Tuning,
    check_local_id,
    local_path,
    require_compiles,
    tuned_value,
)
from kuwei_node.catalogue.service.catalogues import Catalogues
from kuwei_node.catalogue.service.proof import prove
from kuwei_node.catalogue.store import local_rules, tunings
from kuwei_shared.catalogue.loading import catalogue_of
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError

LOCAL_RULES_MAX = 200
SOURCE_CHARS_MAX = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalChanges:
    """Changes of one bureau."""

    clock: Clock
    catalogues: Catalogues

    def tune(
        self,
        session: Session,
        rule_id: str,
        param: str,
        value: str,
        *,
        by: str,
        approver: str,
    ) -> Tuning:
        """Move a parameter within the province's bounds and direction.

        Raises:
            KuweiError: ``tuning.*`` naming the bound, ``change.one_person``.
        """
        _require_two(by, approver)
        rules = self.catalogues.current(session).by_id
        effective = rules.get(rule_id)
        if effective is None or param not in effective.rule.params:
            raise KuweiError(
                "tuning.unknown",
                f"现行目录中没有规则 {rule_id} 的参数 {param}。",
                kind=Kind.MISSING,
            )
        tuned_value(rule_id, effective.rule.params[param], value)
        now = self.clock.now()
        tuning = Tuning(
            rule_id=rule_id,
            param=param,
            value=value,
            proposed_by=by,
            approved_by=approver,
            from_at=now,
        )
        tunings.end(session, rule_id, param, now)
        tunings.add(session, tuning)
        self.catalogues.take_force(session)
        return tuning

    def untune(
        self, session: Session, rule_id: str, param: str, *, by: str, approver: str
    ) -> None:
        """Return a parameter to the province's value.

        Raises:
            KuweiError: ``change.one_person``.
        """
        _require_two(by, approver)
        tunings.end(session, rule_id, param, self.clock.now())
        self.catalogues.take_force(session)

    def try_local(self, session: Session, source: str, *, rule_id: str) -> None:
        """Try a rule of the bureau's own: it compiles, its examples come true here.

        Raises:
            KuweiError: ``local_rule.*``, ``catalogue.invalid``,
                ``catalogue.example_failed``.
        """
        _version, files = self.catalogues.standard(session)
        self._check_room(session, rule_id, source)
        check_local_id(rule_id, catalogue_of(files).rules)
        extended = catalogue_of({**files, local_path(rule_id): source.encode()})
        require_compiles(extended, rule_id)
        prove(session, extended, only=frozenset({rule_id}))

    def adopt_local(
        self, session: Session, source: str, *, rule_id: str, by: str, approver: str
    ) -> LocalRule:
        """Put a rule of the bureau's own in force, after its examples came true here.

        Raises:
            KuweiError: as ``try_local``, and ``change.one_person``.
        """
        _require_two(by, approver)
        self.try_local(session, source, rule_id=rule_id)
        now = self.clock.now()
        rule = LocalRule(
            rule_id=rule_id,
            version=local_rules.last_version(session, rule_id) + 1,
            source=source,
            proposed_by=by,
            approved_by=approver,
            from_at=now,
        )
        local_rules.end(session, rule_id, now)
        local_rules.add(session, rule)
        self.catalogues.take_force(session)
        return rule

    def retire_local(
        self, session: Session, rule_id: str, *, by: str, approver: str
    ) -> None:
        """End a rule of the bureau's own.

        Raises:
            KuweiError: ``change.one_person``.
        """
        _require_two(by, approver)
        local_rules.end(session, rule_id, self.clock.now())
        self.catalogues.take_force(session)

    def _check_room(self, session: Session, rule_id: str, source: str) -> None:
        if len(source) > SOURCE_CHARS_MAX:
            raise KuweiError("local_rule.too_long", "规则正文过长,请精简。")
        others = {one.rule_id for one in local_rules.in_force(session)} - {rule_id}
        if len(others) >= LOCAL_RULES_MAX:
            raise KuweiError(
                "local_rule.too_many",
                f"地方规则最多 {LOCAL_RULES_MAX} 条,请先停用不再需要的。",
                kind=Kind.LIMITED,
            )


def _require_two(by: str, approver: str) -> None:
    if by == approver:
        raise KuweiError(
            "change.one_person",
            "提出人与审批人不能为同一人,请由另一人审批。",
            kind=Kind.DENIED,
        )

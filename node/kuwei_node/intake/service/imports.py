"""Importing files: from handing in to stored, screened and accounted for.

A file is read and mapped outside a transaction; then a group of batches is staged,
checked, appended, screened and entered in the ledger in one. Whatever
is interrupted is continued by running the import again: batches in the ledger
are not stored twice, and payments the node holds are left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.orm import Session

from kuwei_node.intake.domain.mapping import Mapped, Mapper
from kuwei_node.intake.domain.profile import Profile
from kuwei_node.intake.domain.progress import (
    Entry,
    FileProgress,
    Handed,
    ImportSearch,
    Progress,
    Reject,
    State,
    Stored,
    judge,
    worst,
)
from kuwei_node.intake.domain.rows import (
    BATCH_ROWS,
    NO_TOTALS,
    Opener,
    Profiles,
    Totals,
    Words,
)
from kuwei_node.intake.domain.settling import settle
from kuwei_node.intake.store import accounts, ledger, staging
from kuwei_node.payments.service import LOCK_KEYS, Appended, Ledger
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.rules.vocabulary import Field

FILES_MAX = 5_000
EVERY = ImportSearch()


class Screener(Protocol):
    """Judges what was appended; ``kuwei_node.screening.service.Screening``."""

    def make_ready(self, session: Session) -> object:
        """Begin what judging needs, before units are locked or partitions made."""
        ...

    def screen_appended(
        self, session: Session, import_id: int, appended: Appended
    ) -> int:
        """Judge a stretch of an import's payments; return how many."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A mapped batch of a file, on its way to be stored."""

    file: Entry
    batch_no: int
    mapped: Mapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A group of batches laid out in the stage of one transaction.

    Attributes:
        batches: number in the ledger of batches → batch.
        rows: how many rows were laid out.
        repeated: batch and line of rows whose key came twice; taken out again.
    """

    batches: Mapping[int, Part]
    rows: int
    repeated: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """An import ready to be run: its files, and which batches are stored."""

    import_id: int
    profile: Profile
    fields: Mapping[str, Field]
    divisions: tuple[str, ...]
    files: tuple[Entry, ...]
    stored: Mapping[int, Collection[int]]


class Intake:
    """Importing at one node."""

    def __init__(
        self,
        *,
        clock: Clock,
        words: Words,
        payments: Ledger,
        screening: Screener,
        profiles: Profiles,
        open_file: Opener,
    ) -> None:
        """Put importing together.

        Args:
            clock: stamps imports and batches.
            words: the vocabulary in force.
            payments: the payment ledger.
            screening: judges what was appended.
            profiles: finds mapping profiles.
            open_file: opens files in their layouts.
        """
        self._clock = clock
        self._words = words
        self._payments = payments
        self._screening = screening
        self._profiles = profiles
        self._open_file = open_file

    def start_import(
        self,
        session: Session,
        *,
        profile: str,
        files: Sequence[Handed],
        divisions: Sequence[str],
        by: str,
        declared: Totals = NO_TOTALS,
    ) -> int:
        """Enter an import to be run; return its number.

        Args:
            session: the open transaction.
            profile: profile name.
            files: at least one, at most 5,000.
            divisions: codes this node answers for, its own first.
            by: who imports.
            declared: totals the person states, for a single file.

        Raises:
            KuweiError: ``intake.files``, ``profile.unknown``, ``profile.invalid``.
        """
        if not 1 <= len(files) <= FILES_MAX:
            raise KuweiError("intake.files", f"一次导入 1–{FILES_MAX} 个文件。")
        if declared != NO_TOTALS and len(files) > 1:
            raise KuweiError("intake.files", "申报控制合计时,一次只能导入一个文件。")
        found = self._profiles(profile)
        import_id = ledger.create_import(
            session,
            profile=profile,
            divisions=divisions,
            by=by,
            at=self._clock.now(),
        )
        ledger.add_files(
            session, import_id, files, digest=found.digest, declared=declared
        )
        return import_id

    def take_up(self, session: Session, import_id: int) -> Work:
        """Begin, or continue, an import: say what is left to do."""
        asked = ledger.heading(session, import_id)
        ledger.set_import(session, import_id, state=State.RUNNING.value)
        profile = self._profiles(asked.profile)
        files = tuple(ledger.entries(session, import_id))
        return Work(
            import_id=import_id,
            profile=profile,
            fields=self._words(session).payment,
            divisions=asked.divisions,
            files=files,
            stored={
                file.id: ledger.stored_batches(session, file, asked.division)
                for file in files
            },
        )

    def parts(self, work: Work, file: Entry) -> Iterator[Part]:
        """Read and map a file, batch by batch, leaving out what is stored.

        Raises:
            KuweiError: ``intake.unreadable`` or ``intake.columns``.
        """
        source = self._open_file(file.path, file.name, work.profile.reader)
        mapper = Mapper(
            work.profile, work.fields, place=source.place, divisions=work.divisions
        )
        stored = work.stored[file.id]
        for number, chunk in enumerate(source.chunks(BATCH_ROWS)):
            mapped = mapper.map(chunk)
            if number not in stored:
                yield Part(file=file, batch_no=number, mapped=mapped)

    def stage(self, session: Session, work: Work, parts: Sequence[Part]) -> Staged:
        """Lay a group of batches out in this transaction; the ledger is untouched.

        Takes no lock, so it may be done while another group is being stored.
        """
        claimed = self._claim(session, work, parts)
        if not claimed:
            return Staged(batches=claimed, rows=0, repeated=())
        staging.open_stage(session, work.fields)
        rows = 0
        for batch_id, part in claimed.items():
            table = part.mapped.table
            tagged = table.append_column(
                "batch_id", pa.repeat(batch_id, table.num_rows)
            )
            rows += staging.stage(session, tagged)
        repeated = staging.take_repeated(session)
        return Staged(batches=claimed, rows=rows, repeated=repeated)

    def store(self, session: Session, work: Work, staged: Staged) -> list[Stored]:
        """Append and screen what this very transaction has staged."""
        if not staged.batches:
            return []
        parts = list(staged.batches.values())
        appended = self._append(session, work, parts)
        held: Sequence[tuple[int, int, bool]] = ()
        if appended.count < staged.rows - len(staged.repeated):
            fresh = (appended.first_seq, appended.last_seq)
            held = staging.held(session, work.fields, fresh)
        stored = settle(
            {batch: part.mapped for batch, part in staged.batches.items()},
            repeated=staged.repeated,
            differing=[(batch, line) for batch, line, same in held if not same],
            present=[(batch, line) for batch, line, same in held if same],
        )
        ledger.complete_batches(session, stored)
        ledger.add_rejects(session, work.divisions[0], stored)
        return stored

    def finish_file(self, session: Session, work: Work, file: Entry) -> State:
        """Hold a file's totals against those declared; return how it came out."""
        came = ledger.tally(session, file, work.divisions[0])
        said = came.declared if file.declared == NO_TOTALS else file.declared
        state = judge(came.totals, said)
        ledger.finish_file(session, file, came, declared=said, state=state)
        return state

    def fail_file(self, session: Session, file: Entry, error: KuweiError) -> None:
        """Note that a file could not be read to its end, and why."""
        ledger.set_file(
            session, file.id, state=State.FAILED.value, message=error.message
        )

    def finish_import(self, session: Session, import_id: int) -> State:
        """Close an import with the worst state of its files."""
        state = worst([file.state for file in ledger.entries(session, import_id)])
        now = self._clock.now()
        ledger.set_import(session, import_id, state=state.value, finished_at=now)
        return state

    def progress(
        self, session: Session, scope: VisibleJurisdictions, import_id: int
    ) -> Progress:
        """Return how far an import is."""
        return accounts.progress(session, scope, import_id)

    def imports(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        request: PageRequest,
        search: ImportSearch = EVERY,
    ) -> Page[Progress]:
        """Return imports, newest first."""
        return accounts.imports_page(session, scope, request, search)

    def files(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        import_id: int,
        request: PageRequest,
    ) -> Page[FileProgress]:
        """Return an import's files with their control totals."""
        return accounts.files_page(session, scope, import_id, request)

    def rejects(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        import_id: int,
        request: PageRequest,
        reason: str | None = None,
    ) -> Page[Reject]:
        """Return an import's refused rows, each with its remedy."""
        fields = self._words(session).payment
        labels = {name: field.label for name, field in fields.items()}
        return accounts.rejects_page(
            session, scope, import_id, request=request, labels=labels, reason=reason
        )

    def _claim(
        self, session: Session, work: Work, parts: Sequence[Part]
    ) -> dict[int, Part]:
        claimed: dict[int, Part] = {}
        for part in parts:
            batch_id = ledger.claim_batch(
                session,
                part.file,
                work.divisions[0],
                batch_no=part.batch_no,
                at=self._clock.now(),
            )
            if batch_id is not None:
                claimed[batch_id] = part
        return claimed

    def _append(self, session: Session, work: Work, parts: Sequence[Part]) -> Appended:
        """Append what is staged, with its units locked, and screen it."""
        tables = [part.mapped.table for part in parts if part.mapped.table.num_rows]
        if not tables:
            return Appended(0, 0, 0)
        keys = pa.concat_tables(
            [table.select([*LOCK_KEYS, "fiscal_year"]) for table in tables]
        )
        years = pc.unique(keys["fiscal_year"]).to_pylist()
        units = keys.group_by(list(LOCK_KEYS)).aggregate([]).to_pylist()
        self._screening.make_ready(session)
        self._payments.ensure_years(session, set(years))
        self._payments.lock(session, units)
        appended = self._payments.append_staged(session, work.import_id)
        self._screening.screen_appended(session, work.import_id, appended)
        return appended

"""Importing files: from handing in to stored, screened and accounted for.

A file is read and mapped outside a transaction; then its batches are stored in
groups (``storing``). Whatever is interrupted is continued by running the import
again: batches in the ledger are not stored twice, and payments the node holds are
left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from kuwei_node.intake.domain.mapping import Mapper
from kuwei_node.intake.domain.meeting import Met
from kuwei_node.intake.domain.profile import reading_digest
from kuwei_node.intake.domain.progress import (
    Cause,
    Entry,
    FileProgress,
    Handed,
    ImportSearch,
    Progress,
    Reject,
    State,
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
from kuwei_node.intake.domain.work import Part, Work
from kuwei_node.intake.service.storing import Screener, Storing
from kuwei_node.intake.store import accounts, ledger
from kuwei_node.payments.service import Ledger
from kuwei_shared.identity.scope import VisibleJurisdictions, of_service
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest

FILES_MAX = 5_000
EVERY = ImportSearch()


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
        self.storing = Storing(clock=clock, payments=payments, screening=screening)
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
        digest = reading_digest(found, self._words(session).payment, divisions)
        ledger.add_files(session, import_id, files, digest=digest, declared=declared)
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
            met=Met(import_id),
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

    def finish_file(self, session: Session, work: Work, file: Entry) -> State:
        """Hold a file's totals against those declared; return how it came out."""
        came = ledger.tally(session, file, work.divisions[0])
        said = came.declared if file.declared == NO_TOTALS else file.declared
        state = judge(came, said)
        ledger.finish_file(session, file, came, declared=said, state=state)
        return state

    def fail_file(self, session: Session, file: Entry, error: KuweiError) -> None:
        """Note that a file could not be read to its end, why, and how far it was."""
        division = ledger.heading(session, file.import_id).division
        came = ledger.tally(session, file, division)
        said = came.declared if file.declared == NO_TOTALS else file.declared
        failed = State.FAILED
        ledger.finish_file(session, file, came, declared=said, state=failed)
        ledger.set_file(session, file.id, message=error.message)

    def finish_import(self, session: Session, import_id: int) -> State:
        """Close an import; its state is what its files came to."""
        states = {file.state for file in ledger.entries(session, import_id)}
        came = accounts.progress(session, of_service(), import_id)
        state = worst(states, accepted=came.accepted)
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
        labels = self._labels(session)
        return accounts.rejects_page(
            session, scope, import_id, request=request, labels=labels, reason=reason
        )

    def causes(
        self, session: Session, scope: VisibleJurisdictions, import_id: int
    ) -> list[Cause]:
        """Return what most of an import's refused rows were refused for."""
        labels = self._labels(session)
        return accounts.causes(session, scope, import_id, labels=labels)

    def _labels(self, session: Session) -> dict[str, str]:
        fields = self._words(session).payment
        return {name: field.label for name, field in fields.items()}

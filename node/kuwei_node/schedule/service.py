"""Running scheduled rules: which stretches are due, and one run from claim to receipt.

Coverage is computed, not declared: a run leaves a receipt per rule and a mark of what
each of its days held; a day that holds anything else by now is run again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Protocol

import structlog
from sqlalchemy.orm import Session

from kuwei_node.alerts.service import Alerts
from kuwei_node.schedule.domain import (
    Claim,
    RuleReceipt,
    RunRow,
    RunSearch,
    Stretch,
    due,
    marked,
    receipts,
)
from kuwei_node.schedule.store import rows as ledger
from kuwei_node.schedule.store import runs
from kuwei_shared.db.fence import StatementFaultError, fenced
from kuwei_shared.db.prepared import run_verbatim
from kuwei_shared.db.unit_of_work import was_too_slow
from kuwei_shared.kernel.clock import Clock, business_date
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.rules.compiler import Statement
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.printer import Dialect
from kuwei_shared.rules.vocabulary import Entity
from kuwei_shared.screening.effective import EffectiveCatalogue

log = structlog.get_logger()

PAUSE = dt.timedelta(minutes=15)
"""How long a run that failed rests before its next attempt."""
REST = dt.timedelta(hours=1)
"""How long a run that used up its attempts rests before it is given new ones."""
JUDGED = "judged_rows"
NO_CATALOGUE = "catalogue.none"


class Compiled(Protocol):
    """Gives the catalogue in force and its number (the screening service does)."""

    def in_force(self, session: Session) -> tuple[EffectiveCatalogue, int]:
        """Return the effective catalogue and the number it is recorded under."""
        ...


def _dated(effective: EffectiveCatalogue) -> list[Entity]:
    """Return the reference entities whose rows have a date of their own."""
    entities = effective.catalogue.vocabulary.entities.values()
    return [entity for entity in entities if entity.subject_date is not None]


class Scheduler:
    """The scheduled rules of one node."""

    def __init__(self, clock: Clock, compiled: Compiled, alerts: Alerts) -> None:
        self.clock = clock
        self.compiled = compiled
        self.alerts = alerts

    def ask_for_due(self, session: Session) -> int:
        """Ask for the runs of finished days and months not read as they are now.

        Without a catalogue in force nothing is due.
        """
        try:
            effective, _ = self.compiled.in_force(session)
        except KuweiError as error:
            if error.code == NO_CATALOGUE:
                return 0
            raise
        now, today = self.clock.now(), business_date(self.clock)
        revived = runs.revive(session, now - REST)
        # Before the marks: what arrives in between differs from what was read.
        read = runs.read(session)
        dated = _dated(effective)
        known = ledger.knowledge(session, dated)
        yesterday = today - dt.timedelta(days=1)
        held = ledger.marks(session, dated, dt.date.min, yesterday)
        wanted = list(due(held, read, today, known))
        return revived + runs.ask(session, wanted, now)

    def claim(self, session: Session) -> Claim | None:
        """Claim the oldest run nobody holds."""
        return runs.claim(session, self.clock.now(), PAUSE)

    def run(self, session: Session, claim: Claim) -> dict[str, list[RuleReceipt]]:
        """Run one claimed stretch: every subject's rules, alerts, receipts.

        Nothing is done when another has taken the claim over by now.
        """
        if not runs.hold(session, claim):
            log.info("schedule.claim_lost", run=claim.run_id)
            return {}
        effective, number = self.compiled.in_force(session)
        # Before the position: what commits in between is read, and read again.
        days_read = self._marks(session, _dated(effective), claim.stretch)
        as_of = ledger.position(session)
        done: dict[str, list[RuleReceipt]] = {}
        for subject in effective.catalogue.vocabulary.subjects:
            statement = effective.scheduled(subject, claim.stretch.schedule)
            if statement.rules:
                done[subject] = self._judge(session, statement, claim, as_of, number)
        runs.finish(
            session,
            claim,
            at=self.clock.now(),
            as_of=as_of,
            days_read=days_read,
            release=effective.release,
            receipts=done,
        )
        log.info("schedule.run", run=claim.run_id)
        return done

    def runs(
        self, session: Session, search: RunSearch, request: PageRequest
    ) -> Page[RunRow]:
        """Return runs and their receipts, latest days first."""
        return runs.runs(session, search, request, self.clock.now())

    def find(self, session: Session, run_id: int) -> RunRow:
        """Return one run.

        Raises:
            KuweiError: ``schedule.unknown``.
        """
        found = runs.run(session, run_id, self.clock.now())
        if found is None:
            raise KuweiError(
                "schedule.unknown", "没有这次定时检查。", kind=Kind.MISSING
            )
        return found

    def failed(self, session: Session, claim: Claim, error: Exception) -> None:
        """Keep why an attempt failed; the next follows after a pause.

        Without one after an outage: the run itself is not to blame.
        """
        now = self.clock.now()
        until = now if is_outage(error) else now + PAUSE
        runs.fail(session, claim, _reason(error), until)

    def _marks(
        self, session: Session, dated: list[Entity], stretch: Stretch
    ) -> dict[dt.date, str]:
        known = ledger.knowledge(session, dated)
        held = ledger.marks(session, dated, stretch.first, stretch.last)
        now = {day: marked(day, held, known) for day in stretch.days()}
        return {day: mark for day, mark in now.items() if mark}

    def _judge(
        self,
        session: Session,
        statement: Statement,
        claim: Claim,
        as_of: int,
        number: int,
    ) -> list[RuleReceipt]:
        """Run a subject's rules together; should one fail, each by itself."""
        rows = ledger.incoming(
            statement.catalogue.vocabulary, statement.subject, claim.stretch, as_of
        )
        run_verbatim(session, f"CREATE TEMP TABLE run_rows ON COMMIT DROP AS {rows}")
        run_verbatim(session, "ANALYZE run_rows")
        try:
            found = self._run(session, statement, claim.stretch, number)
        except StatementFaultError:
            alone = (replace(statement, rules=(one,)) for one in statement.rules)
            found = [
                self._run_alone(session, one, claim.stretch, number) for one in alone
            ]
        run_verbatim(session, "DROP TABLE run_rows")
        return found

    def _run_alone(
        self, session: Session, statement: Statement, stretch: Stretch, number: int
    ) -> RuleReceipt:
        try:
            return self._run(session, statement, stretch, number)[0]
        except StatementFaultError as fault:
            rule_id = statement.rules[0].rule.id
            log.exception("schedule.rule_failed", rule=rule_id)
            return RuleReceipt(
                rule_id=rule_id, rows=0, hits=0, undetermined=0, failed=str(fault)
            )

    def _run(
        self, session: Session, statement: Statement, stretch: Stretch, number: int
    ) -> list[RuleReceipt]:
        judged = statement.sql(Dialect.POSTGRES, "SELECT * FROM run_rows", Plan.CLOSED)
        with fenced(session):
            run_verbatim(
                session,
                f"CREATE TEMP TABLE {JUDGED} ON COMMIT DROP AS"
                f" SELECT r.*, j.outcomes, j.operands FROM ({judged}) j"
                " JOIN run_rows r ON r.seq = j.seq",
            )
        days = (stretch.first, stretch.last)
        self.alerts.recount(session, statement, JUDGED, days=days, compiled_id=number)
        ids = [one.rule.id for one in statement.rules]
        found = receipts(ids, ledger.tally(session, JUDGED))
        run_verbatim(session, f"DROP TABLE {JUDGED}")
        return found


def is_outage(error: Exception) -> bool:
    """Tell whether something a run needs was away: the trouble may pass.

    A statement of its own that took too long would do so again at once.
    """
    is_away = isinstance(error, KuweiError) and error.kind is Kind.UNAVAILABLE
    return is_away and not was_too_slow(error)


def _reason(error: Exception) -> str:
    """Return why a run failed, for people; what a bug says stays in the log."""
    if isinstance(error, KuweiError):
        return str(error)
    return f"运行出错({type(error).__name__}),详情见节点日志;稍后自动重试。"

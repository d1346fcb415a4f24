"""Screening payments as they arrive, and again later.

One transaction stores, judges, records and answers; nothing answered is ever
unrecorded. Payments of one request are judged as if they came one by one: a
refused one must not count for those after it, so judging repeats until the set
of refused payments no longer changes, or goes on one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.orm import Session

from kuwei_node.alerts.service import Alerts
from kuwei_node.brake.service import Brakes
from kuwei_node.holds.service import Holds
from kuwei_node.payments.domain import tie, unchanged
from kuwei_node.payments.service import APPENDED, LOCK_KEYS, Appended, Ledger, Numbers
from kuwei_node.screening.domain import (
    PAYMENTS_MAX,
    Arrived,
    Catalogues,
    Decided,
    Judgement,
    Kept,
    Row,
    Screened,
    distinct,
    excess_refused,
    kept_row,
    key_of,
    linked,
    repeat_answer,
    rounds,
)
from kuwei_node.screening.store import crediting, judging, numbering, records
from kuwei_shared.db.fence import StatementFaultError, fenced
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.facts import Plan
from kuwei_shared.screening.answer import Answer
from kuwei_shared.screening.decision import Decision
from kuwei_shared.screening.effective import EffectiveCatalogue

ROUNDS_MAX = 8
"""Times payments are judged together; each settles one more payment at least."""


class Screening:
    """The screening of one node."""

    def __init__(
        self,
        *,
        clock: Clock,
        aside: UnitOfWork,
        catalogues: Catalogues,
        ledger: Ledger,
        alerts: Alerts,
        holds: Holds,
        brakes: Brakes,
    ) -> None:
        self.clock = clock
        self.aside = aside
        self.catalogues = catalogues
        self.ledger = ledger
        self.alerts = alerts
        self.holds = holds
        self.brakes = brakes
        self.judging = judging.Judging()

    def screen(self, session: Session, rows: Sequence[Row]) -> list[Answer]:
        """Take in payments and answer for each, as ``take_in`` does."""
        return self.take_in(session, rows).answers()

    def take_in(self, session: Session, rows: Sequence[Row]) -> Screened:
        """Take in payments and judge each; this is where one is screened.

        Args:
            session: the open transaction; the caller's commit makes the answers
                and the records true together.
            rows: 1–1,000 payments as vocabulary fields.

        Raises:
            KuweiError: ``payment.too_many``, ``payment.conflict`` (same id and
                stage, other content), ``payment.stages_differ``,
                ``payment.too_much_back``, ``payment.other_original``,
                ``payment.other_place``, ``payment.year``, ``catalogue.none``.
        """
        if not 1 <= len(rows) <= PAYMENTS_MAX:
            raise KuweiError(
                "payment.too_many", f"一次提交 1–{PAYMENTS_MAX} 笔支付,请分批提交。"
            )
        asked = distinct(rows)
        effective = self.make_ready(session)
        self.ledger.ensure_years(session, {int(row["fiscal_year"]) for row in rows})
        looked = self.ledger.lock_and_look(session, list(asked.values()))
        known = unchanged(looked.known)
        totals = self.ledger.totals(session)
        fresh = [row for key, row in asked.items() if key not in known]
        staged = tie(fresh, looked.held)
        screened = Screened(effective, rows, self._repeat(session, known))
        for arriving in rounds(fresh):
            screened.judged |= self._admit(session, effective, totals, arriving, staged)
        return screened

    def rehearse(self, session: Session) -> None:
        """Judge no payment at all, so that this connection has its plans made.

        A connection that has to make them while payments wait takes ten times as
        long as one that has them, and others queue up behind it. Crowds are rare:
        theirs is made when the first comes.

        Raises:
            KuweiError: ``catalogue.none`` when no release is active yet.
        """
        effective, compiled = self.in_force(session)
        totals = self.ledger.totals(session)
        for plan in (Plan.LONE, Plan.ARRIVAL):
            self.judging.prepared(effective, totals, plan).run(session, [])
        self.ledger.rehearse(session, totals)
        records.record(session, [], compiled, self.clock.now())
        records.record_hits(session, effective, [])
        self.alerts.raise_for(session, effective, compiled, [])

    def make_ready(self, session: Session) -> EffectiveCatalogue:
        """Begin what judging needs, before any unit is locked or partition made.

        Raises:
            KuweiError: ``catalogue.none`` when no release is active yet.
        """
        effective = self.catalogues.current(session)
        self.ledger.begin_totals(session, effective.realtime.totals)
        # Now, for later it would wait beside others for units this one holds.
        self._number(session, effective)
        return effective

    def screen_appended(self, session: Session, appended: Appended) -> int:
        """Judge what an import has just appended, as a set; return how many.

        Their money has moved: nothing is held or refused, hits become alerts, which
        ``raise_appended`` raises.
        """
        if appended.count == 0:
            return 0
        effective, compiled = self.in_force(session)
        totals = self.ledger.totals(session)
        try:
            with fenced(session):
                screened = records.screen_appended(
                    session,
                    effective.realtime,
                    totals,
                    count=appended.count,
                    compiled_id=compiled,
                    at=self.clock.now(),
                )
        except StatementFaultError:
            years = records.appended_years(session)
            screened = self._screen_slowly(session, effective, compiled, years)
        self.ledger.enter_appended(session, totals)
        return screened

    def raise_appended(self, session: Session, appended: Appended) -> None:
        """Keep the hits of payments that were judged as a set, and raise alerts."""
        if appended.count:
            effective, compiled = self.in_force(session)
            records.record_appended_hits(session, effective, appended)
            mine = (APPENDED, records.among(appended))
            self.alerts.raise_for_rows(session, effective, compiled, *mine)
            paid_anyway = records.appended_stopped_earlier(session)
            if paid_anyway:
                self.alerts.raise_paid(session, paid_anyway, compiled)

    def _screen_slowly(
        self,
        session: Session,
        effective: EffectiveCatalogue,
        compiled: int,
        years: Mapping[int, int],
    ) -> int:
        """Judge imported payments some rule fails on, a thousand at a time."""
        seqs = list(years)
        for at in range(0, len(seqs), PAYMENTS_MAX):
            part = seqs[at : at + PAYMENTS_MAX]
            judged = self.judging.judge(session, effective, part)
            rows = [kept_row(one, years[one.seq], Decision.PASS) for one in judged]
            records.record(session, rows, compiled, self.clock.now())
        return len(years)

    def in_force(self, session: Session) -> tuple[EffectiveCatalogue, int]:
        """Return the catalogue in force and the number it is recorded under.

        Raises:
            KuweiError: ``catalogue.none`` when no release is active yet.
        """
        effective = self.catalogues.current(session)
        return effective, self._number(session, effective)

    def _number(self, session: Session, effective: EffectiveCatalogue) -> int:
        return numbering.number_of(session, effective, self.aside, self.clock.now())

    def rescreen(
        self, session: Session, seqs: list[int]
    ) -> list[tuple[Kept, Judgement]]:
        """Judge recorded payments again, each under the catalogue that judged it.

        Returns:
            What was recorded beside what comes out now; they must be equal.
        """
        kept = records.kept(session, seqs)
        judged: dict[int, Judgement] = {}
        for compiled in {one.compiled_id for one in kept}:
            effective = self._compiled(session, compiled)
            mine = [one.seq for one in kept if one.compiled_id == compiled]
            again = self.judging.judge(session, effective, mine)
            judged |= {one.seq: one for one in again}
        return [(one, judged[one.seq]) for one in kept]

    def judge(
        self, session: Session, effective: EffectiveCatalogue, seqs: list[int]
    ) -> list[Judgement]:
        """Judge recorded payments by any catalogue, by what was known when they came.

        Nothing is recorded.
        """
        return self.judging.judge(session, effective, seqs)

    def recall(
        self, session: Session, seq: int
    ) -> tuple[Kept, EffectiveCatalogue] | None:
        """Return a recorded screening and the catalogue that judged it, if any did."""
        found = records.kept(session, [seq])
        if not found:
            return None
        return found[0], self._compiled(session, found[0].compiled_id)

    def _repeat(
        self, session: Session, known: Mapping[tuple[str, str], int]
    ) -> dict[tuple[str, str], Answer]:
        if not known:
            return {}
        answered = {}
        for kept in records.kept(session, list(known.values())):
            effective = self._compiled(session, kept.compiled_id)
            answered[(kept.payment_id, kept.stage)] = repeat_answer(effective, kept)
        return answered

    def _compiled(self, session: Session, number: int) -> EffectiveCatalogue:
        recorded = records.compiled_record(session, number)
        return self.catalogues.rebuilt(
            session, recorded.release, recorded.tuning, recorded.first_used_at
        )

    def _admit(
        self,
        session: Session,
        effective: EffectiveCatalogue,
        totals: Numbers,
        rows: Sequence[Row],
        staged: Collection[str],
    ) -> dict[tuple[str, str], Decided]:
        numbered = self.ledger.append(session, rows)
        rows_by_seq = {numbered[key_of(row)]: row for row in rows}
        arrived = Arrived(
            rows=rows_by_seq,
            given=self._checked_credits(session, rows_by_seq),
            stopped=self._stopped_earlier(session, rows_by_seq, staged),
        )
        judged = self._settle(session, effective, totals, arrived)
        self._record(session, effective, arrived, judged)
        return {
            key_of(row): Decided(judged[seq], arrived.decide(judged[seq]))
            for seq, row in arrived.rows.items()
        }

    def _checked_credits(
        self, session: Session, rows: Mapping[int, Row]
    ) -> tuple[int, ...]:
        """Refuse credits that take back more than was paid; originals are locked."""
        given = [seq for seq, row in rows.items() if row.get("orig_payment_id")]
        over = crediting.excess(session, given) if given else None
        if over is not None:
            raise excess_refused(over)
        return tuple(given)

    def _stopped_earlier(
        self, session: Session, rows: Mapping[int, Row], staged: Collection[str]
    ) -> dict[int, Decision]:
        """Ask only of payments that are known at another stage too."""
        later = [seq for seq, row in rows.items() if row["payment_id"] in staged]
        return records.stopped_earlier(session, later) if later else {}

    def _settle(
        self,
        session: Session,
        effective: EffectiveCatalogue,
        totals: Numbers,
        arrived: Arrived,
    ) -> dict[int, Judgement]:
        """Judge until the refused payments are those judging assumed refused.

        They are entered in the running totals then.
        """
        seqs = sorted(arrived.rows)
        plan = judging.plan_of(effective.realtime, totals, arrived.rows.values())
        again, assumed, judged = seqs, list[int](), dict[int, Judgement]()
        for _ in range(ROUNDS_MAX):
            found = self.judging.judge(session, effective, again, totals, plan)
            judged |= {one.seq: one for one in found}
            refused = [seq for seq in seqs if arrived.is_refused(judged[seq])]
            if refused != assumed:
                self.ledger.set_refused(session, seqs, refused, arrived.given)
            if refused == assumed or len(seqs) == 1:
                self.ledger.enter(session, totals, seqs)
                return judged
            # The others have nothing in common with a payment that counts no more.
            moved = set(refused) ^ set(assumed)
            again, assumed = linked(arrived.rows, moved, LOCK_KEYS), refused
        return self._settle_singly(session, effective, totals, arrived)

    def _settle_singly(
        self,
        session: Session,
        effective: EffectiveCatalogue,
        totals: Numbers,
        arrived: Arrived,
    ) -> dict[int, Judgement]:
        """Judge one by one: where each refusal changes what is said of the next.

        Judging a thousand together over and over would keep their units locked for
        minutes.
        """
        judged: dict[int, Judgement] = {}
        seqs = sorted(arrived.rows)
        self.ledger.set_refused(session, seqs, [], arrived.given)
        for seq in seqs:
            [one] = self.judging.judge(session, effective, [seq], totals, Plan.LONE)
            judged[seq] = one
            if arrived.is_refused(one):
                self.ledger.set_refused(session, [seq], [seq], arrived.given)
            self.ledger.enter(session, totals, [seq])
        return judged

    def _record(
        self,
        session: Session,
        effective: EffectiveCatalogue,
        arrived: Arrived,
        judged: Mapping[int, Judgement],
    ) -> None:
        now = self.clock.now()
        compiled = self._number(session, effective)
        decisions = {seq: arrived.decide(one) for seq, one in judged.items()}
        rows = [
            kept_row(one, arrived.rows[seq]["fiscal_year"], decisions[seq])
            for seq, one in judged.items()
        ]
        records.record(session, rows, compiled, now)
        hit = [seq for seq, one in judged.items() if one.operands]
        if hit:
            records.record_hits(session, effective, (judged[seq] for seq in hit))
            self.alerts.raise_for(session, effective, compiled, hit)
        if arrived.paid_anyway:
            self.alerts.raise_paid(session, arrived.paid_anyway, compiled)
        stopped = [
            judged[s].outcomes for s, d in decisions.items() if d is not Decision.PASS
        ]
        self.brakes.watch(session, effective, compiled, stopped, upto=max(arrived.rows))
        held = [s for s, decision in decisions.items() if decision is Decision.HOLD]
        self.holds.open_for(session, held)

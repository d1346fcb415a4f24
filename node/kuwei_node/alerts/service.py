"""Raising alerts, and reading them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from kuwei_node.alerts.domain import (
    OWN,
    STOPPED,
    AlertDetail,
    AlertPayment,
    AlertRecord,
    AlertRow,
    AlertSearch,
    Raising,
    raises_alerts,
    raising,
)
from kuwei_node.alerts.store import raising as hits
from kuwei_node.alerts.store import reading, recounting
from kuwei_node.catalogue.service.catalogues import Catalogues
from kuwei_shared.catalogue.wording import said
from kuwei_shared.db.prepared import PreparedBy
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.rules.compiler import EffectiveRule, Statement
from kuwei_shared.rules.explain import explanation, spoken
from kuwei_shared.rules.vocabulary import PAYMENT
from kuwei_shared.screening.decision import Decision
from kuwei_shared.screening.effective import EffectiveCatalogue


class Alerts:
    """The alerts of one node."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._raising = PreparedBy()

    def raise_for(
        self,
        session: Session,
        effective: EffectiveCatalogue,
        compiled_id: int,
        seqs: list[int],
    ) -> None:
        """Raise or extend the alerts of recorded screenings of payments."""
        if not any(raises_alerts(one.rule) for one in effective.realtime.rules):
            return
        statement = self._raising.get(
            effective.fingerprint,
            lambda: hits.raising_statement(_raisings(effective.realtime, PAYMENT_KEY)),
        )
        statement.run(session, seqs, compiled_id, self.clock.now())

    def raise_for_rows(
        self,
        session: Session,
        effective: EffectiveCatalogue,
        compiled_id: int,
        payments: str,
        where: str,
    ) -> int:
        """Raise the alerts of many screenings ``s``: of a table of payments."""
        return hits.raise_for_rows(
            session,
            _raisings(effective.realtime, PAYMENT_KEY),
            (payments, where),
            compiled_id=compiled_id,
            at=self.clock.now(),
        )

    def raise_paid(
        self, session: Session, stopped: Mapping[int, Decision], compiled_id: int
    ) -> None:
        """Raise an alert of its own for each receipt of a payment stopped before.

        Args:
            session: the open transaction.
            stopped: receipt → what had become of its payment: held or refused.
            compiled_id: the catalogue in force.
        """
        said_so = {seq: decision.value for seq, decision in stopped.items()}
        hits.raise_paid(session, said_so, compiled_id, self.clock.now())

    def recount(
        self,
        session: Session,
        statement: Statement,
        table: str,
        *,
        days: tuple[dt.date, dt.date],
        compiled_id: int,
    ) -> int:
        """Count the alerts of a scheduled run anew from its table of judged rows.

        Only what the run's ``days`` (first and last) hold is replaced.
        """
        return recounting.recount(
            session,
            _raisings(statement, _subject_key(statement)),
            days,
            subject=statement.subject,
            table=table,
            compiled_id=compiled_id,
            at=self.clock.now(),
        )


PAYMENT_KEY = ("payment_id", "stage")


def _subject_key(statement: Statement) -> tuple[str, ...]:
    if statement.subject == PAYMENT:
        return PAYMENT_KEY
    entity = statement.catalogue.vocabulary.entities[statement.subject]
    return entity.subject_key or tuple(entity.keys)


def _raisings(statement: Statement, subject_key: tuple[str, ...]) -> list[Raising]:
    return [
        raising(one.rule, place, subject_key)
        for place, one in enumerate(statement.rules, start=1)
        if raises_alerts(one.rule)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertReading:
    """The alerts of one node, for people."""

    catalogues: Catalogues

    def page(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        search: AlertSearch,
        request: PageRequest,
    ) -> Page[AlertRow]:
        """Return a page of alerts."""
        return reading.page(session, scope, search, request)

    def find(
        self, session: Session, scope: VisibleJurisdictions, alert_id: int
    ) -> AlertDetail:
        """Return one alert, said with the catalogue that raised it.

        Raises:
            KuweiError: ``alert.unknown``, also for one outside the scope.
        """
        record = reading.find(session, scope, alert_id)
        if record is None:
            raise KuweiError(
                "alert.unknown",
                "没有这条预警,或它不在您的管辖范围内。",
                kind=Kind.MISSING,
            )
        if record.rule_id in OWN:
            return _own_detail(record)
        effective = self.catalogues.rebuilt(
            session, record.release, record.tuning, record.first_used_at
        )
        one = effective.by_id[record.rule_id]
        statement = _statement(effective, one)
        return _detail(record, one, statement)

    def payments(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        alert: AlertDetail,
        request: PageRequest,
    ) -> Page[AlertPayment]:
        """Return the payments behind an alert; none for alerts on other things."""
        if alert.record.last_payment_seq is None:
            return Page(rows=[], total=0, request=request)
        return reading.payments(session, scope, alert, request)


def _statement(effective: EffectiveCatalogue, one: EffectiveRule) -> Statement:
    if one.rule.schedule is None:
        return effective.realtime
    return effective.scheduled(one.rule.subject, one.rule.schedule)


def _own_detail(record: AlertRecord) -> AlertDetail:
    rule, operands = OWN[record.rule_id], record.operands or {}
    said_so = {
        "payment_id": operands["payment_id"],
        "pay_amt": f"{Decimal(operands['pay_amt']):,.2f}",
        "stopped": STOPPED[operands["stopped"]],
    }
    return AlertDetail(
        record=record,
        rule=rule,
        sentence=rule.explain.format(**said_so),
        operands=[],
        params=[],
        basis=None,
        window="none",
        by=PAYMENT_KEY,
    )


def _detail(
    record: AlertRecord, one: EffectiveRule, statement: Statement
) -> AlertDetail:
    vocabulary = statement.catalogue.vocabulary
    operands: Mapping[str, Any] = record.operands or {}  # Any: see AlertRecord
    names = [name for name in statement.operands_of(one.rule) if name in operands]
    joined = raising(one.rule, 1, _subject_key(statement))
    return AlertDetail(
        record=record,
        rule=one.rule,
        sentence=explanation(one, operands, vocabulary),
        operands=[
            (vocabulary.label_of(name), said(name, operands[name], vocabulary))
            for name in names
        ],
        params=[
            (param.label, spoken(one.params[name], param.type))
            for name, param in one.rule.params.items()
        ],
        basis=one.rule.basis_on(record.first_day),
        window=joined.window,
        by=joined.by,
    )

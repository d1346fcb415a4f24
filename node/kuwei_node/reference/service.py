"""Reference data: loading it with history, and looking at it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa
from sqlalchemy.orm import Session

from kuwei_node.reference import store
from kuwei_node.reference.domain import (
    ALWAYS_FROM,
    WITHOUT_DIVISION,
    Change,
    Loaded,
    Named,
    foreign_refused,
    require,
)
from kuwei_shared.identity.principal import Principal
from kuwei_shared.identity.scope import VisibleJurisdictions, of_principal
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.pages import Page, PageRequest

REJECTS_MAX = 100_000
NOTICES_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A row refused before it reached the database."""

    line: int
    raw: str
    reason: str
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Reference rows on their way in.

    Attributes:
        entity: table name.
        source: name of the file or system.
        batches: tables with ``line`` and the entity's columns, and rows already
            refused; read once.
        mof_div_code: division of rows that name none.
        valid_from: start of validity of rows that state none.
        by: who loads.
        hands_over: rows may take over a code another division uses.
    """

    entity: str
    source: str
    batches: Iterable[tuple[pa.Table, Sequence[Refused]]]
    by: str
    mof_div_code: str | None = None
    valid_from: dt.date = ALWAYS_FROM
    hands_over: bool = False


class ReferenceService:
    """The reference data of one node."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def load(self, session: Session, delivery: Delivery) -> Loaded:
        """Take in a delivery; what it changes counts from the next payment on.

        A row that changes what was known closes the old version and opens a new
        one; a row that repeats it changes nothing.
        """
        entity = require(delivery.entity)
        store.open_stage(session, entity)
        read, refused = self._stage(session, delivery)
        if delivery.mof_div_code and entity not in WITHOUT_DIVISION:
            store.fill_division(session, delivery.mof_div_code)
        change = store.apply(
            session, entity, delivery.valid_from, hands_over=delivery.hands_over
        )
        return self._record(
            session, delivery, read=read, refused=refused, change=change
        )

    def divisions(self, session: Session, division: str) -> tuple[str, ...]:
        """Return the codes a bureau answers for: its own, then its townships'."""
        return (division, *store.hosted_by(session, [division]))

    def visible_to(
        self, session: Session, principal: Principal
    ) -> VisibleJurisdictions:
        """Return what a principal may see here, hosted townships included."""
        return of_principal(principal, partial(_with_hosted, session))

    def require_own(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        rows: Sequence[Mapping[str, Any]],  # Any: vocabulary payment fields
    ) -> None:
        """Refuse payments of units or from appropriations outside a scope.

        What the node does not know is left to the rules.

        Raises:
            KuweiError: ``scope.foreign``, naming the payment.
        """
        if scope.is_everything:
            return
        named: dict[Named, str] = {}
        for row in rows:
            key = Named(row["agency_code"], row.get("bgt_id"), row["vou_date"])
            named.setdefault(key, row["payment_id"])
        found = store.foreign(session, scope, list(named))
        if found is not None:
            raise foreign_refused(list(named.values())[found.place], found)

    def page(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        entity: str,
        *,
        request: PageRequest,
        key: str | None = None,
    ) -> Page[Mapping[str, Any]]:  # Any: columns differ by entity
        """Return a page of what is known now."""
        return store.page(session, scope, require(entity), request=request, key=key)

    def history(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        entity: str,
        key: Sequence[object],
    ) -> list[Mapping[str, Any]]:  # Any: columns differ by entity
        """Return every version known of one thing."""
        return store.history(session, scope, require(entity), key)

    def _stage(self, session: Session, delivery: Delivery) -> tuple[int, list[Refused]]:
        read = 0
        refused: list[Refused] = []
        for rows, bad in delivery.batches:
            read += rows.num_rows + len(bad)
            refused.extend(bad[: REJECTS_MAX - len(refused)])
            if rows.num_rows:
                store.stage(session, rows)
        return read, refused

    def _record(
        self,
        session: Session,
        delivery: Delivery,
        *,
        read: int,
        refused: list[Refused],
        change: Change,
    ) -> Loaded:
        late = [
            Refused(line=line, raw=why.code, reason=why.reason, field="")
            for line, why in change.rejected.items()
        ]
        rejects = [*refused, *late][:REJECTS_MAX]
        load_id = store.record_load(
            session,
            {
                "entity": delivery.entity,
                "source": delivery.source,
                "mof_div_code": delivery.mof_div_code,
                "loaded_by": delivery.by,
                "loaded_at": self._clock.now(),
                "known_from": change.known_from,
                "rows_read": read,
                "rows_added": change.added,
                "rows_closed": change.closed,
                "rows_unchanged": change.unchanged,
                "rows_rejected": len(rejects),
            },
        )
        if rejects:
            division = delivery.mof_div_code
            store.record_rejects(session, _reject_rows(load_id, division, rejects))
        return Loaded(
            load_id=load_id,
            entity=delivery.entity,
            read=read,
            added=change.added,
            closed=change.closed,
            unchanged=change.unchanged,
            rejected=len(rejects),
            notices=tuple(
                why.said(line)
                for line, why in sorted(change.rejected.items())[:NOTICES_MAX]
            ),
        )


def _reject_rows(
    load_id: int, division: str | None, rejects: Sequence[Refused]
) -> pa.Table:
    whose = pa.scalar(division, pa.string())
    return pa.table(
        {
            "load_id": pa.repeat(load_id, len(rejects)),
            "mof_div_code": pa.repeat(whose, len(rejects)),
            "line": pa.array([r.line for r in rejects], pa.int64()),
            "raw": pa.array([r.raw for r in rejects], pa.string()),
            "reason": pa.array([r.reason for r in rejects], pa.string()),
            "field": pa.array([r.field for r in rejects], pa.string()),
        }
    )


def _with_hosted(session: Session, divisions: Collection[str]) -> list[str]:
    return [*divisions, *store.hosted_by(session, divisions)]

"""Payments as people look for them, within their scope."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from kuwei_node.search.domain import AFTERWARDS, Fields, PaymentRow, PaymentSearch
from kuwei_shared.db.paging import Listing, page_of, within
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.pages import Page, PageRequest

STAGES_MAX = 50

_SCREENED = (
    "FROM screening s WHERE s.payment_seq = p.seq AND s.fiscal_year = p.fiscal_year"
)
_COLUMNS = (
    "p.seq, p.payment_id, p.stage, p.vou_date, p.agency_code, p.agency_name,"
    f" p.payee_acct_name, p.use_des, p.pay_amt, (SELECT s.decision {_SCREENED})"
    f" AS decision, (SELECT s.weight {_SCREENED}) AS weight, (p.import_id IS NOT NULL"
    " OR p.stage = 'receipt') AS is_afterwards,"
    " (SELECT h.state FROM hold h WHERE h.payment_seq = p.seq) AS hold_state,"
    " ARRAY(SELECT h.rule_id FROM hit h WHERE h.payment_seq = p.seq"
    " ORDER BY h.severity, h.rule_id) AS hits"
)
_ORDERS = {
    "payment_id": ("p.payment_id", "p.stage", "p.fiscal_year"),
    "vou_date": ("p.vou_date", "p.seq"),
    "pay_amt": ("p.pay_amt", "p.seq"),
    "agency_code": ("p.agency_code", "p.vou_date", "p.seq"),
}
_CONDITIONS = {
    "number": "p.payment_id LIKE :number",
    "unit": "(p.agency_code LIKE :unit OR p.agency_name LIKE '%' || :unit)",
    "payee": "(strpos(p.payee_acct_name, :payee) > 0 OR p.payee_acct_no = :payee)",
    "since": "p.vou_date >= :since",
    "until": "p.vou_date <= :until",
    "least": "p.pay_amt >= :least",
    "most": "p.pay_amt <= :most",
    "rule_id": "p.seq IN (SELECT h.payment_seq FROM hit h WHERE h.rule_id = :rule_id)",
    "stage": "p.stage = :stage",
}
_DECIDED = {
    # The few held payments are found from their holds, not from the ledger.
    "hold": "p.seq IN (SELECT h.payment_seq FROM hold h)",
    "pass": f"EXISTS (SELECT {_SCREENED} AND s.decision = 'pass')"
    " AND p.import_id IS NULL AND p.stage <> 'receipt'",
    AFTERWARDS: f"EXISTS (SELECT {_SCREENED})"
    " AND (p.import_id IS NOT NULL OR p.stage = 'receipt')",
    "reject": f"EXISTS (SELECT {_SCREENED} AND s.decision = 'reject')",
}
_PREFIXES = frozenset({"number", "unit"})


def page(
    session: Session,
    scope: VisibleJurisdictions,
    search: PaymentSearch,
    request: PageRequest,
) -> Page[PaymentRow]:
    """Return a page of payments, one row per stage."""
    where, values = _matching(search)
    allowed, codes = within(scope, "p.mof_div_code")
    listing = Listing(
        columns=_COLUMNS,
        source="payment p",
        where=[*allowed, *where],
        values={**codes, **values},
        orders=_ORDERS,
        default="-vou_date",
    )
    return page_of(session, listing, request, _row)


def fields(session: Session, scope: VisibleJurisdictions, seq: int) -> Fields | None:
    """Return everything the ledger holds of one payment, None outside the scope."""
    found = session.execute(
        text("SELECT * FROM payment WHERE seq = :seq"), {"seq": seq}
    ).mappings()
    row = found.one_or_none()
    if row is None or not scope.allows(row["mof_div_code"]):
        return None
    return dict(row)


def related(
    session: Session, scope: VisibleJurisdictions, payment: Fields
) -> list[PaymentRow]:
    """Return a payment's stages and what refunds, corrects or reverses it."""
    allowed, codes = within(scope, "p.mof_div_code")
    known = [payment["payment_id"], payment["orig_payment_id"]]
    where = " AND ".join([*allowed, f"p.payment_id IN ({_FAMILY})"])
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS} FROM payment p WHERE {where}"
            f" ORDER BY p.seq LIMIT {STAGES_MAX}"
        ),
        {**codes, "known": [one for one in known if one], "seq": payment["seq"]},
    )
    return [_row(row) for row in rows.mappings()]


# What points at this payment is looked for among its unit's later payments.
_FAMILY = (
    "SELECT unnest(CAST(:known AS text[])) UNION SELECT o.payment_id FROM payment o"
    " JOIN payment t ON t.seq = :seq AND o.agency_code = t.agency_code"
    " AND o.payee_acct_no = t.payee_acct_no AND o.vou_date >= t.vou_date"
    " WHERE o.orig_payment_id = t.payment_id"
)


def _matching(search: PaymentSearch) -> tuple[list[str], dict[str, Any]]:
    """Return conditions and values (Any: dates, amounts, texts)."""
    where: list[str] = []
    values: dict[str, Any] = {}
    for name, condition in _CONDITIONS.items():
        value = getattr(search, name)
        if value is not None:
            where.append(condition)
            values[name] = _prefix(value) if name in _PREFIXES else value
    if search.decision in _DECIDED:
        where.append(_DECIDED[search.decision])
    return where, values


def _prefix(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return f"{escaped}%"


def _row(row: RowMapping) -> PaymentRow:
    return PaymentRow(**row)

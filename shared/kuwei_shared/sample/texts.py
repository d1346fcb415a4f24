"""The words of a node's payments, made once as Arrow columns and taken by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kuwei_shared.sample.lines import I64, OWN, SCOPES, SPECIAL, gov_eco
from kuwei_shared.sample.payees import branch_name
from kuwei_shared.sample.places import Place
from kuwei_shared.sample.profiles import PROFILES
from kuwei_shared.sample.units import CARDS_PER_UNIT, Unit
from kuwei_shared.sample.wording import odd, usual
from kuwei_shared.sample.world import World

_PAID_OUT = "2"
_SET_MODES = {"card": "7", "cash": "4"}


@dataclass(frozen=True, slots=True)
class Texts:
    """Arrow string columns of a node.

    Attributes:
        by_line: payment field to its value for each line.
        by_payee: payee fields by payee row.
        card, contract: numbers by unit x CARDS_PER_UNIT and by contract row.
        purpose: every purpose text, month by month; by profile, where its usual
            ones start, how many there are, and how many odd ones follow.
    """

    by_line: dict[str, pa.Array]
    by_payee: dict[str, pa.Array]
    card: pa.Array
    contract: pa.Array
    purpose: pa.Array
    purpose_start: I64
    purpose_count: I64
    odd_count: I64


def treasury_account(place: Place, bank: str) -> str:
    """Return the number of a bureau's zero-balance account at a bank."""
    return f"{place.code[:6]}{bank}3{place.code[6:]}0001"


def special_account(place: Place, bank: str) -> str:
    """Return the number of a bureau's fiscal special account at a bank."""
    return f"{place.code[:6]}{bank}4{place.code[6:]}0001"


def payer(unit: Unit, pay_type: str, scope: int = 0) -> dict[str, str]:
    """Return the payer fields: the treasury pays directly, or the unit itself.

    Own funds leave the unit's own-fund account, special ones the bureau's.
    """
    if scope in {OWN, SPECIAL}:
        own = scope == OWN
        name = unit.name if own else f"{unit.place.prefix}财政专户"
        number = unit.own_account if own else special_account(unit.place, unit.bank)
        return {**payer(unit, pay_type), "pay_acct_name": name, "pay_acct_no": number}
    direct = pay_type != "121"
    return {
        "pay_acct_name": f"{unit.place.prefix}财政国库" if direct else unit.name,
        "pay_acct_no": treasury_account(unit.place, unit.bank)
        if direct
        else unit.zero_account,
        "pay_acct_bank_name": branch_name(unit.place, unit.bank),
        "pay_bank_code": unit.bank,
    }


def set_mode(channel: str) -> str:
    """Return the settlement mode of an ordinary payment."""
    return _SET_MODES.get(channel, "1")


def unit_fields(unit: Unit) -> dict[str, str]:
    """Return the payment fields that say whose money it is."""
    return {
        "mof_div_code": unit.place.code,
        "agency_code": unit.code,
        "agency_name": unit.name,
        "dept_code": unit.dept,
        "maker_code": f"u{unit.code}1",
        "checker_code": f"u{unit.code}2",
    }


def _pay_type(pay_type: str, scope: int) -> str:
    """Return the payment type; what is in no zero-balance account was paid out."""
    return _PAID_OUT if scope in {OWN, SPECIAL} else pay_type


def _line_columns(world: World) -> dict[str, pa.Array]:
    lines = world.lines
    scopes = lines.scope.tolist()
    rows: dict[str, list[str | None]] = {
        "bgt_id": [
            None if scope == OWN else bgt
            for bgt, scope in zip(lines.bgt_id, scopes, strict=True)
        ],
        "fund_scope": [SCOPES[scope] for scope in scopes],
        "exp_func_code": [*lines.func],
        "gov_bgt_eco_code": [*gov_eco(lines, world.units)],
        "pro_code": [world.projects.code[p] for p in lines.project.tolist()],
    }
    chosen = [
        (world.units[u], PROFILES[p], scope)
        for u, p, scope in zip(
            lines.unit.tolist(), lines.profile.tolist(), scopes, strict=True
        )
    ]
    parts: dict[tuple[int, str, int], dict[str, str]] = {}
    for u, p, scope in chosen:
        if (u.index, p.pay_type, scope) not in parts:
            fields = {**unit_fields(u), **payer(u, p.pay_type, scope)}
            parts[u.index, p.pay_type, scope] = fields
    for name in next(iter(parts.values())):
        rows[name] = [parts[u.index, p.pay_type, scope][name] for u, p, scope in chosen]
    rows["dep_bgt_eco_code"] = [p.eco for _, p, _ in chosen]
    rows["pay_type_code"] = [_pay_type(p.pay_type, scope) for _, p, scope in chosen]
    rows["set_mode_code"] = [set_mode(p.channel) for _, p, _ in chosen]
    return {name: pa.array(values, pa.string()) for name, values in rows.items()}


def build_texts(world: World) -> Texts:
    """Return a node's columns; call once, before any violation adds payees."""
    payees = world.payees
    branches = [payees.branch(row) for row in range(len(payees.name))]
    counts = np.array([len(usual(p)) for p in PROFILES], dtype=np.int64)
    odd_counts = np.array([len(odd(p)) for p in PROFILES], dtype=np.int64)
    starts = np.cumsum(np.r_[0, (counts + odd_counts)[:-1] * 12])
    return Texts(
        by_line=_line_columns(world),
        by_payee={
            "payee_acct_name": pa.array(payees.name, pa.string()),
            "payee_acct_no": pa.array(payees.acct, pa.string()),
            "payee_acct_bank_name": pa.array(branches, pa.string()),
        },
        card=pa.array(
            [u.card(n) for u in world.units for n in range(CARDS_PER_UNIT)],
            pa.string(),
        ),
        contract=pa.array(world.contracts.number, pa.string()),
        purpose=pa.array(_purposes(), pa.string()),
        purpose_start=starts.astype(np.int64),
        purpose_count=counts,
        odd_count=odd_counts,
    )


def _purposes() -> list[str]:
    return [
        text.format(m=month)
        for profile in PROFILES
        for text in (*usual(profile), *odd(profile))
        for month in range(1, 13)
    ]

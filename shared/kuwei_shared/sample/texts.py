"""The words of a node's payments, made once as Arrow columns and taken by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kuwei_shared.sample.lines import I64, gov_eco
from kuwei_shared.sample.payees import branch_name
from kuwei_shared.sample.places import Place
from kuwei_shared.sample.profiles import PROFILES, purposes
from kuwei_shared.sample.units import CARDS_PER_UNIT, Unit
from kuwei_shared.sample.world import World

_SET_MODES = {"card": "7", "cash": "4"}


@dataclass(frozen=True, slots=True)
class Texts:
    """Arrow string columns of a node.

    Attributes:
        by_line: payment field to its value for each line.
        by_payee: payee fields by payee row.
        card, contract: numbers by unit x CARDS_PER_UNIT and by contract row.
        purpose: every purpose text; purpose_start, purpose_count by profile.
    """

    by_line: dict[str, pa.Array]
    by_payee: dict[str, pa.Array]
    card: pa.Array
    contract: pa.Array
    purpose: pa.Array
    purpose_start: I64
    purpose_count: I64


def treasury_account(place: Place, bank: str) -> str:
    """Return the number of a bureau's zero-balance account at a bank."""
    return f"{place.code[:6]}{bank}3{place.code[6:]}0001"


def payer(unit: Unit, pay_type: str) -> dict[str, str]:
    """Return the payer fields: the treasury pays directly, or the unit itself."""
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


def _line_columns(world: World) -> dict[str, pa.Array]:
    lines = world.lines
    rows: dict[str, list[str]] = {
        "bgt_id": lines.bgt_id,
        "exp_func_code": lines.func,
        "gov_bgt_eco_code": gov_eco(lines, world.units),
        "pro_code": [world.projects.code[p] for p in lines.project.tolist()],
    }
    parts: dict[tuple[int, str], dict[str, str]] = {}
    for unit in world.units:
        for pay_type in ("111", "112", "113", "121"):
            parts[unit.index, pay_type] = {**unit_fields(unit), **payer(unit, pay_type)}
    chosen = [
        (u, PROFILES[p])
        for u, p in zip(lines.unit.tolist(), lines.profile.tolist(), strict=True)
    ]
    for name in parts[0, "121"]:
        rows[name] = [parts[u, p.pay_type][name] for u, p in chosen]
    rows["dep_bgt_eco_code"] = [p.eco for _, p in chosen]
    rows["pay_type_code"] = [p.pay_type for _, p in chosen]
    rows["set_mode_code"] = [set_mode(p.channel) for _, p in chosen]
    return {name: pa.array(values, pa.string()) for name, values in rows.items()}


def build_texts(world: World) -> Texts:
    """Return a node's columns; call once, before any violation adds payees."""
    payees = world.payees
    branches = [payees.branch(row) for row in range(len(payees.name))]
    texts = [purposes(profile) for profile in PROFILES]
    counts = np.array([len(profile.purposes) for profile in PROFILES], dtype=np.int64)
    starts = np.cumsum(np.r_[0, counts[:-1] * 12])
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
        purpose=pa.array([text for group in texts for text in group], pa.string()),
        purpose_start=starts.astype(np.int64),
        purpose_count=counts,
    )

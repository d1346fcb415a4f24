"""Turn drawn numbers into payment rows: one to three stages per payment."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kuwei_shared.sample.calendar import Month
from kuwei_shared.sample.draws import NORMAL, Draws
from kuwei_shared.sample.lines import I64
from kuwei_shared.sample.profiles import INDEX, PROFILES
from kuwei_shared.sample.schema import PAYMENT_SCHEMA
from kuwei_shared.sample.texts import Texts
from kuwei_shared.sample.units import CARDS_PER_UNIT
from kuwei_shared.sample.world import World

REQUEST, VOUCHER, RECEIPT = 0, 1, 2
STAGES = pa.array(["request", "voucher", "receipt"])
_KINDS = pa.array(["normal", "refund", "correction", "reversal"])
_EPOCH = dt.date(1970, 1, 1)
_ACTIVITY = np.isin(
    np.arange(len(PROFILES)), [INDEX["30215"], INDEX["30216"], INDEX["30217"]]
)
_CASH = np.array([p.channel == "cash" for p in PROFILES])
_INVOICED = np.array([p.channel in {"card", "company", "contract"} for p in PROFILES])
# Fen a guest or participant costs a day: from well inside the standards to their edge.
_PER_HEAD_LOW = np.where(np.arange(len(PROFILES)) == INDEX["30217"], 5_000, 24_000)
_PER_HEAD_STEP, _PER_HEAD_STEPS = 400, 100
_FEWEST, _MOST_DAYS = 3, 3
# Optional elements left blank, in so many of 1024 payments.
_BLANKS = {
    "invoice_no": 40, "attach_cnt": 15, "maker_code": 3, "checker_code": 5,
    "payee_acct_bank_name": 30, "pay_acct_bank_name": 10, "merchant_name": 10,
    "person_cnt": 20, "agency_name": 4, "dept_code": 6,
}  # fmt: skip
_MIX, _MIX_BITS = 0x9E3779B97F4A7C15, 54

Bool = npt.NDArray[np.bool_]


def money(fen: I64) -> pa.Array:
    """Return amounts in fen as decimal(18, 2) without a detour over text."""
    wide = np.empty((len(fen), 2), dtype=np.int64)
    wide[:, 0], wide[:, 1] = fen, fen >> 63
    buffer = pa.py_buffer(wide.tobytes())
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(fen), [None, buffer])


def _at(values: pa.Array, rows: I64, where: Bool | None = None) -> pa.Array:
    """Take rows of a column; null where the mask is false."""
    mask = None if where is None else ~where
    return values.take(pa.array(rows, pa.int64(), mask=mask))


def _digits(numbers: I64, width: int) -> pa.Array:
    return pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width, "0")


def _join(*parts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(
        *(pa.scalar(p) if isinstance(p, str) else p for p in parts), ""
    )


def _only(values: pa.Array, where: Bool) -> pa.Array:
    return pc.if_else(pa.array(where), values, pa.scalar(None, values.type))


def _stages(rng: np.random.Generator, draws: Draws, share: float) -> tuple[Draws, I64]:
    """Repeat a share of the payments as request, voucher and receipt of one day."""
    staged = (rng.random(len(draws)) < share) & (draws.kind == NORMAL)
    repeats = np.where(staged, 3, 1)
    rows = np.repeat(np.arange(len(draws)), repeats)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    stage = np.where(staged[rows], nth, VOUCHER)
    wide = draws.take(rows)
    wide.sec = wide.sec + np.where(staged[rows], nth * (900 + wide.number % 1800), 0)
    order = np.argsort(wide.day * 86_400 + wide.sec, kind="stable")
    return wide.take(order), stage[order]


def _blanked(columns: dict[str, pa.Array], number: I64) -> dict[str, pa.Array]:
    """Return the columns whose optional values are missing here and there."""
    mixed = number.astype(np.uint64)
    blanked = {}
    for salt, (name, share) in enumerate(_BLANKS.items(), 1):
        luck = ((mixed + np.uint64(salt << 40)) * np.uint64(_MIX)) >> np.uint64(
            _MIX_BITS
        )
        blanked[name] = _only(columns[name], luck >= share)
    return blanked


class Framer:
    """Makes payment tables for one node.

    Attributes:
        world: the node's tables.
        texts: their words as Arrow columns.
    """

    def __init__(self, world: World, texts: Texts) -> None:
        self.world = world
        self.texts = texts

    def table(
        self, rng: np.random.Generator, month: Month, draws: Draws, staged: float
    ) -> pa.Table:
        """Return the rows of drawn payments in time order, PAYMENT_SCHEMA.

        Args:
            rng: decides which payments are reported at every stage.
            month: gives the dates.
            draws: payments of that month, in time order.
            staged: share of payments reported at every stage.
        """
        draws, stage = _stages(rng, draws, staged)
        columns: dict[str, pa.Array] = {
            name: _at(values, draws.line) for name, values in self.texts.by_line.items()
        }
        columns |= {
            name: _at(values, draws.payee)
            for name, values in self.texts.by_payee.items()
        }
        columns |= self._identity(draws, stage, columns["mof_div_code"])
        columns |= self._times(draws, stage, month)
        columns |= self._papers(draws, month.number)
        columns |= self._constants(len(draws))
        columns |= _blanked(columns, draws.number)
        return pa.table(
            [columns[name] for name in PAYMENT_SCHEMA.names], schema=PAYMENT_SCHEMA
        )

    def _identity(self, draws: Draws, stage: I64, div: pa.Array) -> dict[str, pa.Array]:
        year = str(self.world.year)
        number = _digits(draws.number, 8)
        back = draws.orig >= 0
        orig = _digits(np.maximum(draws.orig, 0), 8)
        cert = _join("PZ-", div, "-", year, "-", number)
        receipt = stage == RECEIPT
        return {
            "payment_id": _join("P-", div, "-", year, "-", number),
            "orig_payment_id": _only(_join("P-", div, "-", year, "-", orig), back),
            "pay_app_no": _join("SQ-", div, "-", year, "-", number),
            "pay_cert_no": _only(cert, stage != REQUEST),
            "agent_business_no": _only(_join("JY", div, year, number), receipt),
            "stage": _at(STAGES, stage),
            "entry_kind": _at(_KINDS, draws.kind),
            "pay_amt": money(draws.fen),
            "xpay_amt": _only(money(draws.fen), receipt),
            "deduct_amt": _only(money(np.zeros_like(draws.fen)), receipt),
        }

    def _times(self, draws: Draws, stage: I64, month: Month) -> dict[str, pa.Array]:
        epoch = np.array([(day - _EPOCH).days for day in month.days], dtype=np.int64)
        days = epoch[draws.day]
        date = pa.array(days.astype(np.int32), pa.int32()).cast(pa.date32())
        micros = (days * 86_400 + draws.sec) * 1_000_000
        return {
            "vou_date": date,
            "create_time": pa.array(micros).cast(pa.timestamp("us")),
            "xpay_date": _only(date, stage == RECEIPT),
        }

    def _papers(self, draws: Draws, month: int) -> dict[str, pa.Array]:
        texts, lines = self.texts, self.world.lines
        profile, unit = lines.profile[draws.line], lines.unit[draws.line]
        usual = draws.turn * 5 % texts.purpose_count[profile]
        odd_count = texts.odd_count[profile]
        odd = texts.purpose_count[profile] + draws.odd % np.maximum(odd_count, 1)
        choice = np.where((draws.odd >= 0) & (odd_count > 0), odd, usual)
        invoiced = _INVOICED[profile] & (draws.kind == NORMAL)
        activity = _ACTIVITY[profile]
        days = np.where(profile == INDEX["30215"], 1 + draws.turn // 2 % _MOST_DAYS, 1)
        each = _PER_HEAD_LOW[profile] + draws.turn % _PER_HEAD_STEPS * _PER_HEAD_STEP
        heads = np.maximum(-(-np.abs(draws.fen) // (each * days)), _FEWEST)
        invoice = _join(f"{self.world.year % 100}", self.world.place.code[:6],
                        _digits(draws.invoice, 12))  # fmt: skip
        return {
            "use_des": _at(
                texts.purpose, texts.purpose_start[profile] + choice * 12 + month - 1
            ),
            "invoice_no": _only(invoice, invoiced),
            "card_no": _at(
                texts.card,
                unit * CARDS_PER_UNIT + draws.turn % CARDS_PER_UNIT,
                draws.merchant >= 0,
            ),
            "merchant_name": _at(
                texts.by_payee["payee_acct_name"], draws.merchant, draws.merchant >= 0
            ),
            "contract_no": _at(texts.contract, draws.contract, draws.contract >= 0),
            "person_cnt": pa.array(heads, pa.int64(), mask=~activity),
            "day_cnt": _only(
                pc.cast(pa.array(days), pa.decimal128(21, 2)).cast(pa.decimal128(9, 2)),
                activity,
            ),
            "check_no": _only(_join("XJ", _digits(draws.number, 8)), _CASH[profile]),
            "attach_cnt": pa.array(np.where(activity, 5, 2) + draws.turn % 4),
        }

    def _constants(self, count: int) -> dict[str, pa.Array]:
        texts = {
            "bgt_type_code": "21",
            "fund_type_code": "111",
            "pay_bus_type_code": "1",
            "fund_traobj_type_code": "11",
        }
        columns: dict[str, pa.Array] = {
            name: pa.repeat(pa.scalar(value), count) for name, value in texts.items()
        }
        columns["line_no"] = pa.repeat(pa.scalar(1, pa.int64()), count)
        columns["fiscal_year"] = pa.repeat(
            pa.scalar(self.world.year, pa.int64()), count
        )
        return columns

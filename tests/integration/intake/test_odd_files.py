"""Files that are not as they should be: told apart from those that are."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from intake_desk import COUNTY, Desk

from kuwei_node.intake.domain.progress import State
from kuwei_node.intake.domain.rows import BATCH_ROWS

pytestmark = pytest.mark.integration

Write = Callable[..., Path]
PAYMENT: dict[str, object] = {
    "payment_id": "P1",
    "stage": "voucher",
    "entry_kind": "normal",
    "mof_div_code": COUNTY,
    "fiscal_year": 2026,
    "vou_date": "2026-03-05",
    "agency_code": "A001",
    "pay_amt": "1.00",
}
PROFILE_WITH_TOTALS = """
id: totals
title: 带合计行
identity: true
totals_row: {column: payment_id, matches: ^合计$, sums: {pay_amt: pay_amt}}
"""


def test_a_column_nothing_can_be_read_from_fails_its_file_alone(
    desk: Desk, standard: Write, tmp_path: Path
) -> None:
    odd = tmp_path / "列.parquet"
    pq.write_table(pa.Table.from_pylist([{**PAYMENT, "use_des": ["甲"]}]), odd)

    state, progress = desk.run("standard", odd, standard("2.00"))

    assert (state, progress.accepted) == (State.FAILED, 1)
    [message] = desk.column("SELECT message FROM intake_file WHERE state = 'failed'")
    assert "文件 列 的列「use_des、用途」无法读取" in str(message)


def test_totals_nobody_can_read_are_not_met(desk: Desk, tmp_path: Path) -> None:
    profile = tmp_path / "方案.yaml"
    profile.write_text(PROFILE_WITH_TOTALS, "utf-8")
    file = tmp_path / "合计.csv"
    row = ",".join(map(str, PAYMENT.values()))
    file.write_text(f"{','.join(PAYMENT)}\n{row}\n合计,,,,,,,约一元\n", "utf-8")

    state, progress = desk.run(str(profile), file)

    assert (state, progress.accepted) == (State.DIFFERS, 1)
    [reject] = desk.rejects(progress.number)
    assert (reject.line, reject.reason_title) == (3, "合计行读不出")


def test_json_lines_in_another_encoding_are_refused_line_by_line(
    desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "支付.jsonl"
    row = json.dumps({**PAYMENT, "use_des": "办公"}, ensure_ascii=False)
    file.write_bytes(f"{row}\n{row}\n".encode("gb18030"))

    state, progress = desk.run("standard", file)

    assert (state, progress.rejected) == (State.REFUSED, 2)
    assert "UTF-8" in desk.rejects(progress.number)[0].remedy


def test_one_object_without_a_key_is_refused_alone(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "支付.jsonl"
    rows = [{**PAYMENT, "payment_id": f"P{n}"} for n in range(BATCH_ROWS + 1)]
    del rows[-1]["agency_code"]
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")

    state, progress = desk.run("standard", file)

    assert (state, progress.accepted) == (State.PARTLY, BATCH_ROWS)
    [reject] = desk.rejects(progress.number)
    assert (reject.line, reject.field) == (BATCH_ROWS + 1, "agency_code")


def test_an_empty_file_is_not_done(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "空.csv"
    file.touch()

    state, _ = desk.run("standard", file)

    assert state is State.FAILED
    assert "文件是空的" in str(desk.column("SELECT message FROM intake_file"))


def test_a_file_that_breaks_off_says_what_was_stored_of_it(
    desk: Desk, standard: Write
) -> None:
    file = standard(*["1.00"] * BATCH_ROWS)
    with file.open("a", encoding="utf-8") as more:
        more.write('"never closed' + "\n" * 200_000)

    state, _ = desk.run("standard", file)

    assert state is State.FAILED
    assert desk.column("SELECT rows_accepted FROM intake_file") == [BATCH_ROWS]
    assert desk.column("SELECT pay_amt FROM intake_file") == [Decimal(BATCH_ROWS)]


def test_codes_longer_than_an_index_holds_are_refused_alone(
    desk: Desk, standard: Write
) -> None:
    many = "".join(chr(0x4E00 + n * 37 % 20_000) for n in range(660))
    file = standard("1.00", agency_code=many, payee_acct_no=many[::-1])

    state, progress = desk.run("standard", file, standard("2.00", name="好.csv"))

    assert (state, progress.accepted) == (State.PARTLY, 1)
    [reject] = desk.rejects(progress.number)
    assert (reject.reason, reject.field) == ("field.length", "agency_code")

"""What the command line says of an import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from intake_desk import Desk

from kuwei_node.intake.adapters import notice

pytestmark = pytest.mark.integration


def test_the_notice_shows_totals_and_what_to_do_about_rejects(
    desk: Desk, standard: Callable[..., Path]
) -> None:
    _, progress = desk.run("standard", standard("1.00", "2.50", "壹元"))

    with desk.unit_of_work.begin() as session:
        said = notice.outcome(desk.intake, session, progress.heading.id)

    assert "合计\t1 个文件\t2\t0\t1\t3.50" in said
    assert "支付.csv 第 4 行:「支付金额」不是有效金额" in said


def test_the_notice_names_the_file_that_could_not_be_read(
    desk: Desk, tmp_path: Path
) -> None:
    broken = tmp_path / "坏.parquet"
    broken.write_bytes(b"PAR1 nothing")
    _, progress = desk.run("standard", broken)

    with desk.unit_of_work.begin() as session:
        said = notice.outcome(desk.intake, session, progress.heading.id)

    assert "无法读取\t坏.parquet" in said
    assert "! 文件 坏 无法读取" in said


def test_the_notice_tells_money_apart_that_was_held_before(
    desk: Desk, standard: Callable[..., Path]
) -> None:
    desk.run("standard", standard("1.00", "2.50"))
    more = standard("1.00", "2.50", "4.00", name="增补.csv")
    _, progress = desk.run("standard", more)

    with desk.unit_of_work.begin() as session:
        said = notice.outcome(desk.intake, session, progress.number)

    assert "其中已有 2 行,金额 3.50 元,未重复入库" in said

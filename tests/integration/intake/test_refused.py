"""Imports whose rows are refused: their state, and what was wrong for the most part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from intake_desk import COUNTY, Desk

from kuwei_node.intake import tasks
from kuwei_node.intake.adapters import notice
from kuwei_node.intake.domain.progress import Cause, State
from kuwei_node.intake.domain.rows import BATCH_ROWS
from kuwei_node.intake.store.accounts import CAUSES_SHOWN
from kuwei_node.intake.tasks import run_import
from kuwei_shared.identity import scope

pytestmark = pytest.mark.integration

Write = Callable[..., Path]
TOWN = "450102101"


def causes(desk: Desk, import_id: int) -> list[Cause]:
    with desk.unit_of_work.begin() as session:
        return desk.intake.causes(session, scope.of_service(), import_id)


def test_an_import_of_which_nothing_was_stored_is_refused_whole(
    desk: Desk, standard: Write
) -> None:
    state, progress = desk.run("standard", standard("壹元", "贰元"))

    assert state is State.REFUSED
    assert progress.heading.state is State.REFUSED
    assert (progress.is_over, progress.files_finished) == (True, 1)
    assert desk.column("SELECT state FROM intake_file") == ["refused"]


def test_refused_rows_do_not_gather_in_memory(
    desk: Desk, standard: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "GROUP_ROWS", BATCH_ROWS)
    import_id = desk.start("standard", standard(*["壹元"] * (2 * BATCH_ROWS + 1)))
    stored = list[tuple[int, int]]()

    run_import(
        desk.unit_of_work, desk.intake, import_id, lambda *now: stored.append(now)
    )

    assert stored == [(0, 0), (0, 0), (1, 0)]


def test_a_file_that_was_refused_before_is_refused_again(
    desk: Desk, standard: Write
) -> None:
    path = standard("壹元")
    desk.run("standard", path)

    state, _ = desk.run("standard", path)

    assert state is State.REFUSED


def test_a_township_taken_on_has_its_rows_taken_in_from_the_same_file(
    desk: Desk, standard: Write
) -> None:
    own, town = standard("1.00"), standard("2.00", name="乡.csv", mof_div_code=TOWN)
    file = standard(name="全.csv")
    rows = own.read_text("utf-8"), town.read_text("utf-8").splitlines()[1]
    file.write_text("".join(rows).replace("P1,", "P2,", 1) + "\n", "utf-8")
    desk.run("standard", file)

    desk.divisions = (COUNTY, TOWN)
    state, progress = desk.run("standard", file)

    assert (state, progress.accepted, progress.present) == (State.DONE, 2, 1)
    assert desk.column("SELECT count(*) FROM payment") == [2]


def test_one_refused_file_of_two_is_a_part(desk: Desk, standard: Write) -> None:
    good, bad = standard("1.00"), standard("壹元", name="坏.csv")

    state, _ = desk.run("standard", good, bad)

    assert state is State.PARTLY
    files = desk.column("SELECT state FROM intake_file ORDER BY ordinal")
    assert files == ["done", "refused"]


def test_the_main_reasons_come_first_with_their_remedy(
    desk: Desk, standard: Write
) -> None:
    dates = standard("1.00", "2.00", "3.00", name="日.csv", vou_date="某日")
    _, progress = desk.run("standard", standard("壹元"), dates)

    found = causes(desk, progress.number)

    assert [(one.reason_title, one.rows) for one in found] == [
        ("日期无效", 3),
        ("金额无效", 1),
    ]
    assert "「业务日期」不是有效日期" in found[0].remedy


def test_no_more_than_the_main_reasons_are_named(desk: Desk, standard: Write) -> None:
    wrong = {"vou_date": "x", "fiscal_year": "x", "person_cnt": "x", "stage": "x"}
    wrong |= {"entry_kind": "x", "mof_div_code": "450303000"}
    files = [standard("1.00", name=f"{k}.csv", **{k: v}) for k, v in wrong.items()]
    _, progress = desk.run("standard", *files)

    found = causes(desk, progress.number)

    assert progress.rejected == len(wrong) > CAUSES_SHOWN
    assert len(found) == CAUSES_SHOWN


def test_the_notice_says_that_everything_was_refused_and_why(
    desk: Desk, standard: Write
) -> None:
    _, progress = desk.run("standard", standard("壹元", "贰元"))

    with desk.unit_of_work.begin() as session:
        said = notice.outcome(desk.intake, session, progress.number).splitlines()

    assert "结果:全部拒收" in said
    assert any(line.startswith("金额无效 2 行:「支付金额」不是有效") for line in said)

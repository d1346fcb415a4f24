"""A payment that stands twice in one import, however far apart its rows are."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from intake_desk import Desk

from kuwei_node.intake import tasks
from kuwei_node.intake.domain.progress import Progress, State
from kuwei_node.intake.domain.rows import BATCH_ROWS

pytestmark = pytest.mark.integration

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def _small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are a batch apart are stored by different transactions."""
    monkeypatch.setattr(tasks, "GROUP_ROWS", 1)


@pytest.fixture
def far(standard: Write) -> Callable[..., Path]:
    """Write a file whose first row comes again, a batch later."""

    def write(*more: str, name: str = "远.csv") -> Path:
        path = standard(*["1.00"] * BATCH_ROWS, name=name)
        lines = path.read_text("utf-8").splitlines()
        again = [lines[1], *(lines[1].replace("P1,", f"N{n},") for n in more)]
        path.write_text("\n".join([*lines, *again]) + "\n", "utf-8")
        return path

    return write


def reproduced(desk: Desk, progress: Progress) -> object:
    number = progress.number
    sql = f"SELECT sum(pay_amt) FROM intake_file WHERE import_id = {number}"  # noqa: S608  # a number of ours
    [total] = desk.column(sql)
    return total


def test_a_row_that_comes_again_far_below_is_refused(
    desk: Desk, far: Callable[..., Path]
) -> None:
    state, progress = desk.run("standard", far())

    [reject] = desk.rejects(progress.number)
    assert (reject.line, reject.reason) == (BATCH_ROWS + 2, "row.repeated")
    assert (state, progress.present) == (State.PARTLY, 0)
    assert reproduced(desk, progress) == Decimal(BATCH_ROWS)


def test_it_is_refused_too_where_the_ledger_held_the_payment_before(
    desk: Desk, far: Callable[..., Path]
) -> None:
    desk.run("standard", far())

    _, progress = desk.run("standard", far("1", name="增补.csv"))

    assert [one.reason for one in desk.rejects(progress.number)] == ["row.repeated"]
    assert (progress.accepted, progress.present) == (BATCH_ROWS + 1, BATCH_ROWS)
    assert reproduced(desk, progress) == Decimal(BATCH_ROWS + 1)


def test_a_row_two_files_of_one_import_share_counts_once(
    desk: Desk, standard: Write
) -> None:
    first, second = standard("1.00"), standard("1.00", "2.00", name="另.csv")

    _, progress = desk.run("standard", first, second)

    [reject] = desk.rejects(progress.number)
    assert (reject.file, reject.line) == ("另.csv", 2)
    assert "同一次导入" in reject.remedy
    assert (
        reproduced(desk, progress) == desk.column("SELECT sum(pay_amt) FROM payment")[0]
    )


def test_what_an_interrupted_import_stored_is_not_repeated(
    desk: Desk, standard: Write
) -> None:
    amounts = ["1.00"] * (2 * BATCH_ROWS)
    import_id = desk.start("standard", standard(*amounts))
    desk.screened.fails_at = 2
    with pytest.raises(ConnectionError):
        tasks.run_import(desk.unit_of_work, desk.intake, import_id)
    with desk.unit_of_work.begin() as session:
        session.connection().exec_driver_sql("DELETE FROM intake_batch")

    state = tasks.run_import(desk.unit_of_work, desk.intake, import_id)

    assert state is State.DONE
    assert desk.progress(import_id).present == BATCH_ROWS

"""What a file came to, and an import from its files."""

from __future__ import annotations

import dataclasses

import pytest

from kuwei_node.intake.domain.progress import State, Tally, judge, worst
from kuwei_node.intake.domain.rows import NO_TOTALS, Totals

DONE, PARTLY, DIFFERS = State.DONE, State.PARTLY, State.DIFFERS
REFUSED, FAILED, WAITING = State.REFUSED, State.FAILED, State.WAITING


def came(accepted: int, rejected: int) -> Tally:
    return Tally(
        read=accepted + rejected,
        accepted=accepted,
        present=0,
        rejected=rejected,
        skipped=0,
        totals=Totals(rows=accepted),
        declared=NO_TOTALS,
    )


@pytest.mark.parametrize(
    ("accepted", "rejected", "declared", "state"),
    [
        (2, 0, None, DONE),
        (2, 0, 2, DONE),
        (0, 0, None, DONE),
        (2, 1, None, PARTLY),
        (2, 1, 3, DIFFERS),
        (2, 0, 3, DIFFERS),
        (0, 0, 3, DIFFERS),
        (0, 3, None, REFUSED),
        (0, 3, 3, REFUSED),
    ],
)
def test_a_file_is_done_only_if_no_row_was_refused(
    accepted: int, rejected: int, declared: int | None, state: State
) -> None:
    assert judge(came(accepted, rejected), Totals(rows=declared)) is state


def test_a_total_nobody_can_read_was_not_met() -> None:
    unread = dataclasses.replace(came(2, 1), unread=True)

    assert judge(unread, NO_TOTALS) is DIFFERS


@pytest.mark.parametrize(
    ("files", "accepted", "state"),
    [
        ([DONE, DONE], 5, DONE),
        ([DONE, PARTLY], 5, PARTLY),
        ([PARTLY, DIFFERS], 5, DIFFERS),
        ([DONE, REFUSED], 5, PARTLY),
        ([DONE, REFUSED], 0, REFUSED),
        ([REFUSED, REFUSED], 0, REFUSED),
        ([REFUSED, DIFFERS], 0, REFUSED),
        ([REFUSED, DIFFERS], 5, DIFFERS),
        ([REFUSED, FAILED], 0, FAILED),
        ([PARTLY, WAITING], 5, WAITING),
    ],
)
def test_an_import_is_refused_when_no_row_of_its_files_was_accepted(
    files: list[State], accepted: int, state: State
) -> None:
    assert worst(files, accepted=accepted) is state

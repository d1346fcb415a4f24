"""What an import remembers of the payments it came upon."""

from __future__ import annotations

from kuwei_node.intake.domain.meeting import Held, Met

OURS, OTHER = 7, 6


def held(seq: int, import_id: int | None = OTHER) -> Held:
    return Held(batch=1, line=seq, is_same=True, seq=seq, import_id=import_id)


def again(met: Met, *rows: Held) -> list[int]:
    repeated, first = met.divide(rows)
    assert len(repeated) + len(first) == len(rows)
    return [one.seq for one in repeated]


def test_what_was_found_held_comes_again_the_second_time() -> None:
    met = Met(OURS)

    assert again(met, held(1), held(8), held(9), held(5_000)) == []
    assert again(met, held(2), held(8), held(9), held(10)) == [8, 9]
    assert again(met, held(2), held(5_000), held(5_001)) == [2, 5_000]


def test_what_this_run_appended_comes_again_at_once() -> None:
    met = Met(OURS)
    met.appended(100)
    met.appended(200)

    rows = [
        held(99, OURS),
        held(100, OURS),
        held(150, OURS),
        held(151),
        held(152, None),
    ]

    assert again(met, *rows) == [100, 150]


def test_nothing_comes_again_of_nothing() -> None:
    assert Met(OURS).divide([]) == ([], [])

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from kuwei_node.intake.adapters.blocks import parse_block
from kuwei_node.intake.adapters.delimited import chunk_of

HEADER = ["a", "b", "c"]
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=8)
LINES = st.lists(st.text('ab",; \t\r\n单', max_size=12), min_size=1, max_size=6)


def as_text(text: str) -> list[bytes]:
    return [line.encode() for line in io.StringIO(text, newline="")]


def as_bytes(text: str) -> list[bytes]:
    return list(io.BytesIO(text.encode()))


def parsed(
    text: str, lines_of: Callable[[str], list[bytes]] = as_bytes
) -> dict[str, list[str]] | None:
    columns = parse_block(lines_of(text), HEADER, ",")
    if columns is None:
        return None
    return {name: cells.to_pylist() for name, cells in columns.items()}


def read_carefully(text: str) -> dict[str, list[str]]:
    rows = list(csv.reader(io.StringIO(text, newline="")))
    columns = chunk_of(HEADER, rows, range(len(rows))).columns
    return {name: cells.to_pylist() for name, cells in columns.items()}


@given(ROWS)
def test_the_fast_way_gives_what_the_careful_way_gives(
    rows: list[tuple[str, str, str]],
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)

    for lines_of in (as_text, as_bytes):
        fast = parsed(text.getvalue(), lines_of)

        assert fast is None or fast == read_carefully(text.getvalue())


@given(LINES)
def test_the_two_ways_agree_on_any_text_at_all(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"

    for lines_of in (as_text, as_bytes):
        fast = parsed(text, lines_of)

        assert fast is None or fast == read_carefully(text)


def test_clean_blocks_take_the_fast_way() -> None:
    assert parsed('1,"x, y",单位\n2,,z\n') == {
        "a": ["1", "2"],
        "b": ["x, y", ""],
        "c": ["单位", "z"],
    }


def test_ragged_blank_and_broken_rows_do_not() -> None:
    assert parsed("1,2\n") is None
    assert parsed("1,2,3\n\n4,5,6\n") is None
    assert parsed("1,2,3\n,,\n") is None
    assert parsed('1,"x\ny",3\n') is None

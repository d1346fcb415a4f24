"""The lines of a file are the same however they are read."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuwei_node.intake.adapters import encodings
from kuwei_node.intake.adapters.delimited import open_delimited
from kuwei_node.intake.adapters.lines import TextLines, Utf8Lines, opened
from kuwei_node.intake.domain.profile import Reading

ROWS = [["单位", "金额"], ["甲局", "1"], ["乙,局", "2"], ["丙\n局", "3"], ["丁局", "4"]]
TEXT = '单位,金额\r\n甲局,1\r\n"乙,局",2\r\n"丙\n局",3\r\n丁局,4\r\n'


def reading(encoding: str = "auto", skip_lines: int = 0) -> Reading:
    return Reading(encoding=encoding, skip_lines=skip_lines)


def rows(path: Path, how: Reading, rows_max: int) -> list[list[str]]:
    found = []
    for chunk in open_delimited(str(path), path.name, how).chunks(rows_max):
        cells = (column.to_pylist() for column in chunk.columns.values())
        found += [list(row) for row in zip(*cells, strict=True)]
    return found


@pytest.mark.parametrize("rows_max", [1, 2, 100])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_file_reads_alike_in_every_encoding_and_block(
    tmp_path: Path, encoding: str, rows_max: int
) -> None:
    path = tmp_path / "支付.csv"
    path.write_bytes(TEXT.encode(encoding))

    assert rows(path, reading(), rows_max) == ROWS[1:]


def test_a_marked_file_may_begin_with_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "支付.csv"
    path.write_bytes(codecs.BOM_UTF8 + ("\n \n" + TEXT).encode())

    assert rows(path, reading(), 100) == ROWS[1:]


def test_lines_may_end_as_on_old_machines(tmp_path: Path) -> None:
    path = tmp_path / "支付.csv"
    path.write_bytes("单位,金额\r甲局,1\r乙局,2\r".encode())

    assert rows(path, reading(), 100) == [["甲局", "1"], ["乙局", "2"]]


def test_lines_of_old_machines_may_begin_below_the_header(tmp_path: Path) -> None:
    path = tmp_path / "支付.csv"
    path.write_bytes("单位,金额\n甲局,1\r乙局,2\r\n丙局,3\n".encode())

    assert rows(path, reading(), 100) == [["甲局", "1"], ["乙局", "2"], ["丙局", "3"]]


def test_lines_of_old_machines_may_begin_below_titles(tmp_path: Path) -> None:
    path = tmp_path / "支付.csv"
    path.write_bytes("年度支付表\n单位,金额\r甲局,1\r乙局,2\r".encode())

    found = rows(path, reading(skip_lines=1), 100)

    assert found == [["甲局", "1"], ["乙局", "2"]]


@pytest.mark.parametrize(
    ("encoding", "ending", "kind"),
    [
        ("utf-8", "\n", Utf8Lines),
        ("utf-8-sig", "\r\n", Utf8Lines),
        ("utf-8", "\r", TextLines),
        ("gb18030", "\n", TextLines),
    ],
)
def test_only_what_is_not_plain_utf8_becomes_text(
    tmp_path: Path, encoding: str, ending: str, kind: type
) -> None:
    path = tmp_path / "支付.csv"
    path.write_bytes(ending.join(["甲", "乙", ""]).encode(encoding))

    with opened(path, encoding) as lines:
        block = lines.block(1)

        assert isinstance(lines, kind)
        assert block == [("甲" + ending).encode()]
        assert list(lines.rest(block)) == ["甲" + ending, "乙" + ending]


@given(st.binary(max_size=24), st.integers(1, 5))
def test_utf8_is_what_decodes_as_such(data: bytes, block: int) -> None:
    try:
        data.decode()
        expected = True
    except UnicodeDecodeError:
        expected = False

    assert encodings.is_utf8(_Slowly(data, block)) == expected


class _Slowly:
    """Gives its bytes a few at a time, as a file gives blocks."""

    def __init__(self, data: bytes, block: int) -> None:
        self.data, self.block = data, block

    def read(self, size: int) -> bytes:
        del size
        given, self.data = self.data[: self.block], self.data[self.block :]
        return given

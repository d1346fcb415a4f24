"""The file of jurisdictions: read whole, or refused by line with what is wrong."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from kuwei_hub.territory import adapters
from kuwei_hub.territory.adapters import read_jurisdictions
from kuwei_hub.territory.domain import Level
from kuwei_shared.kernel.errors import KuweiError

HEAD = "mof_div_code,name,level,fiscal_parent,administrative_parent,host,opened_on"
PROVINCE = "450000000,广西壮族自治区本级,province,,,,2012-01-01"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "区划.csv"


def refusal(path: Path, *lines: str) -> str:
    path.write_text("\n".join((HEAD, PROVINCE, *lines)), encoding="utf-8")
    with pytest.raises(KuweiError, match=r"territory\.bad_file") as caught:
        read_jurisdictions(path)
    return caught.value.message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_is_read_as_it_stands(path: Path, encoding: str) -> None:
    county = "450181000,横州市,county,450000000,450100000,,2012-01-01"
    path.write_text(f"{HEAD}\n{PROVINCE}\n{county}", encoding=encoding)

    province, found = read_jurisdictions(path)

    assert (province.level, province.fiscal_parent) == (Level.PROVINCE, None)
    assert (found.name, found.fiscal_parent) == ("横州市", "450000000")
    assert (found.administrative_parent, found.host) == ("450100000", None)
    assert (found.opened_on, found.closed_on) == (dt.date(2012, 1, 1), None)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("45010000,南宁市,city,450000000,,,2012-01-01", "mof_div_code 须为九位数字"),
        (",南宁市,city,450000000,,,2012-01-01", "缺少 mof_div_code"),
        ("450100000,,city,450000000,,,2012-01-01", "缺少 name"),
        ("450100000,南宁市,市级,450000000,,,2012-01-01", "level 须为"),
        ("450100000,南宁市,city,45,,,2012-01-01", "fiscal_parent 须为九位数字"),
        ("450100000,南宁市,city,450000000,,,2012年", "“2012年”不是日期"),
        ("450100000,南宁市,city,450000000,,,", "缺少 opened_on"),
        ("450100000,南宁市", "缺少 level"),
        ("450100000", "缺少 name"),
    ],
)
def test_a_line_that_cannot_be_is_named_with_what_is_wrong(
    path: Path, line: str, said: str
) -> None:
    message = refusal(path, line)

    assert "第 3 行" in message
    assert said in message


def test_a_file_in_another_encoding_is_told_to_be_saved_anew(path: Path) -> None:
    path.write_bytes(f"{HEAD}\n{PROVINCE}\n".encode("gb18030"))

    with pytest.raises(KuweiError, match="UTF-8"):
        read_jurisdictions(path)


def test_a_file_without_the_columns_is_refused(path: Path) -> None:
    path.write_text("区划代码,名称\n450000000,广西\n", encoding="utf-8")

    with pytest.raises(KuweiError, match="缺少 mof_div_code"):
        read_jurisdictions(path)


def test_a_file_has_its_bounds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters, "ROWS_MAX", 1)

    message = refusal(path, "450100000,南宁市,city,450000000,,,2012-01-01")

    assert "行数超过 1" in message

"""YAML is read small and strict, and every value knows where it stands."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from kuwei_shared.catalogue.document import Node, find, parse, plain
from kuwei_shared.catalogue.issues import Issue


def tree(text: str) -> Node:
    node = parse("x.yaml", text.encode())
    assert not isinstance(node, Issue), node
    return node


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("20000000.00", Decimal("20000000.00")),
        ("0.1", Decimal("0.1")),
        ("12", 12),
        ("-3", -3),
        ("0201", "0201"),
        ("1e5", "1e5"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("2026-03-11", dt.date(2026, 3, 11)),
        ("2026-03-11T10:00:00", dt.datetime(2026, 3, 11, 10)),  # noqa: DTZ001  # written without a zone
        ('"12"', "12"),
        ("'2026-03-11'", "2026-03-11"),
    ],
)
def test_a_scalar_has_the_type_it_looks_like(written: str, value: object) -> None:
    read = plain(tree(f"a: {written}"))

    assert read == {"a": value}
    assert type(read["a"]) is type(value)  # type: ignore[index]  # a table


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\na: 2", 2),
        ("a: !!python/object/apply:os.system [id]", 1),
        ("a: !local x", 1),
        ("a: 2026-02-30", 1),
        ("a: &x [1]\nb: *y", 2),
        ("[1]: 2", 1),
        ("a: 1\n---\nb: 2", 2),
        ("a: [", 1),
        ("a: 'x", 1),
        ("", 1),
        ("# only a comment", 1),
        ("[" * 40 + "]" * 40, 1),
    ],
)
def test_what_a_catalogue_never_needs_is_refused(text: str, line: int) -> None:
    issue = parse("x.yaml", text.encode())

    assert isinstance(issue, Issue)
    assert issue.code == "yaml"
    assert issue.place.line >= line


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a: \x00", b"x" * (1 << 21)])
def test_what_is_no_small_utf8_text_is_refused(data: bytes) -> None:
    assert isinstance(parse("x.yaml", data), Issue)


def test_aliases_cannot_swell_without_bound() -> None:
    lines = ["a: &a [" + ", ".join(["x"] * 100) + "]"]
    lines += [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 100)}]"
        for before, name in zip("abc", "bcd", strict=True)
    ]

    issue = parse("x.yaml", "\n".join(lines).encode())

    assert isinstance(issue, Issue)


def test_a_path_leads_to_line_and_column() -> None:
    node = tree("甲: 乙\nlist:\n  - {name: 丙, amount: 3.50}\n")

    place = find(node, ("list", 0, "amount"))

    assert (place.line, place.column) == (3, 15)


@pytest.mark.parametrize(
    ("text", "word", "line", "column"),
    [
        ("k: one two", "two", 1, 8),
        ('k: "one two"', "two", 1, 9),
        ("中: x\nk: 'one two'", "two", 2, 9),
        ("k: |\n  one\n  two", "two", 3, 3),
        ("k: >-\n  one\n    and two\n  three", "two", 3, 9),
        ("中文: 甲\nk: >-\n  甲 乙\n  two", "two", 4, 3),
        ("k: one\n  two", "two", 2, 3),
    ],
)
def test_a_word_inside_a_text_has_its_place_in_the_file(
    text: str, word: str, line: int, column: int
) -> None:
    node = tree(text)
    scalar = node.entries["k"]  # type: ignore[union-attr]  # a table

    place = scalar.at(str(scalar.value).index(word))  # type: ignore[union-attr]  # a word

    assert (place.line, place.column) == (line, column)

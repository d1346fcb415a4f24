"""A pattern means the same on both databases, however it is printed."""

from __future__ import annotations

import re

import duckdb
import embedded
import pytest
from sqlalchemy import create_engine, text

from kuwei_shared.rules.naming import Names
from kuwei_shared.rules.parser import parse
from kuwei_shared.rules.printer import Dialect, Printer
from kuwei_shared.rules.vocabulary import Field, Type, Vocabulary

FIELD = Field(name="txt", type=Type.TEXT, label="文字")
WORDS = Vocabulary(
    version=1, payment={"txt": FIELD}, derived={}, entities={}, facts={}, subjects=()
)
TEXTS = ["", "1234567", "12345678", "a-Z9" * 10, "a-Z9" * 10 + "1", "1234 5678"]
TEXTS += ["12345678\n", "\n12345678", "一二三四五六七八", "1234567八", "ｱ2345678"]


def printed(dialect: Dialect, pattern: str) -> str:
    names = Names(vocabulary=WORDS, params={}, lists={}, patterns={"p": pattern})
    printer = Printer(dialect=dialect, params={}, lists={}, patterns=names.patterns)
    return printer.print(parse("matches(txt, pattern.p)", names))


@pytest.mark.parametrize(
    "pattern", ["^[0-9A-Za-z-]{8,40}$", "^[一-龥]{2,8}$", "^[^0-9]{1,9}$", "[0-9]{8,9}"]
)
def test_a_pattern_is_said_alike_by_both(
    postgres: embedded.Postgres, pattern: str
) -> None:
    expected = [
        re.search(pattern.replace("$", r"\Z"), one) is not None for one in TEXTS
    ]
    engine = create_engine(postgres.url())
    sql = "SELECT {} FROM unnest({}) AS e(txt)".format

    with engine.connect() as connection:
        asked = text(sql(printed(Dialect.POSTGRES, pattern), "CAST(:t AS text[])"))
        there = connection.execute(asked, {"t": TEXTS}).scalars().all()
    engine.dispose()
    here = duckdb.execute(
        sql(printed(Dialect.DUCKDB, pattern), "?"), [TEXTS]
    ).fetchall()

    assert there == expected
    assert [row[0] for row in here] == expected


def test_how_many_characters_of_one_class_is_counted_apart() -> None:
    found = printed(Dialect.POSTGRES, "^[0-9A-Za-z-]{8,40}$")

    assert "BETWEEN 8 AND 40" in found
    assert "{8,40}" not in found

"""Whatever is typed, the parser refuses it in its own words or understands it."""

from __future__ import annotations

import re

import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.faults import ExpressionError
from kuwei_shared.rules.model import ListKind, NamedList
from kuwei_shared.rules.naming import Names
from kuwei_shared.rules.parser import parse
from kuwei_shared.rules.printer import Dialect, Printer
from kuwei_shared.rules.vocabulary import Field, Type, Vocabulary

FIELDS = {"amt": Type.MONEY, "txt": Type.TEXT, "day_": Type.DATE, "ok": Type.BOOLEAN}
NAMES = Names(
    vocabulary=Vocabulary(
        version=1,
        payment={
            name: Field(name=name, type=kind, label=name)
            for name, kind in FIELDS.items()
        },
        derived={},
        entities={},
        facts={},
        subjects=("payment",),
    ),
    params={},
    lists={
        "x": NamedList(
            id="x", title="x", source="x", kind=ListKind.CODES, entries=("'", "\\")
        )
    },
    patterns={"p": "^'"},
)
SPOKEN = """
amt txt day_ ok 1 0.5 'a' '' 'it''s' true false null ( ) ( ) , . = <> < >= + - * / %
:: ; -- and or not in is is not between like any all select from where case when then
end cast as interval array list.x pattern.p param.y fact.z one_of( matches(
starts_with( contains( length( abs( coalesce( remainder( days_between( year( exists(
pg_sleep( $1 :a ? @ [ ] { } | & ^ ~ ! # \\ "amt" ` é 中 \u200b ²
"""
WORDS = st.sampled_from(re.findall(r"\S+", SPOKEN))
SENTENCES = st.lists(WORDS, min_size=1, max_size=14).map(" ".join)
ALLOWED = (
    *(exp.Select, exp.Paren, exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Between),
    *(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Add, exp.Sub, exp.Mul),
    *(exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Neg),
    *(exp.Cast, exp.DataType, exp.Func, exp.RegexpLike, exp.Var, exp.DataTypeParam),
)


@settings(max_examples=300, deadline=None)
@given(SENTENCES | st.text(max_size=60))
def test_nothing_typed_breaks_the_parser(text: str) -> None:
    try:
        node = parse(text, NAMES)
    except ExpressionError:
        return

    assert set(tree.names(node)) <= set(FIELDS)


VALUES = st.sampled_from(["amt", "1", "0.5", "abs(amt)", "length(txt)", "amt * 2"])
TEXTS = st.sampled_from(["txt", "'a'", "''", "'it''s'", "coalesce(txt, '')"])
ATOMS = (
    st.builds("{} {} {}".format, VALUES, st.sampled_from(["=", "<", ">="]), VALUES)
    | st.builds("contains({}, {})".format, TEXTS, TEXTS)
    | st.builds("starts_with({}, {})".format, TEXTS, TEXTS)
    | st.builds("{} in ('a', '\\')".format, TEXTS)
    | st.builds("{} is {}null".format, TEXTS, st.sampled_from(["", "not "]))
    | st.builds("{} between {} and {}".format, VALUES, VALUES, VALUES)
    | st.sampled_from(["ok", "true", "one_of(txt, list.x)", "matches(txt, pattern.p)"])
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: (
        st.builds("not ({})".format, inner)
        | st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "or"]), inner)
    ),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(CONDITIONS, st.sampled_from(list(Dialect)))
def test_what_is_printed_is_one_plain_expression(text: str, dialect: Dialect) -> None:
    printer = Printer(
        dialect=dialect, params={}, lists=NAMES.lists, patterns=NAMES.patterns
    )

    printed = printer.print(parse(text, NAMES))

    [statement] = sqlglot.parse(f"SELECT {printed}", dialect=dialect.value)
    assert isinstance(statement, exp.Select)
    parts = statement.expressions[0].walk()
    assert all(isinstance(part, ALLOWED) for part in parts)

"""A condition cannot leave the vocabulary, whatever is written in it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.faults import ExpressionError
from kuwei_shared.rules.model import ListKind, NamedList, Param
from kuwei_shared.rules.naming import Names
from kuwei_shared.rules.parser import parse
from kuwei_shared.rules.vocabulary import Derived, Entity, Field, Type, Vocabulary


def _field(name: str, kind: Type) -> Field:
    return Field(name=name, type=kind, label=name)


PAYMENT = {
    "pay_amt": Type.MONEY,
    "use_des": Type.TEXT,
    "stage": Type.CODE,
    "vou_date": Type.DATE,
    "create_time": Type.TIMESTAMP,
    "person_cnt": Type.INTEGER,
}
VOCABULARY = Vocabulary(
    version=1,
    payment={name: _field(name, kind) for name, kind in PAYMENT.items()},
    derived={
        "vou_month": Derived(
            name="vou_month",
            type=Type.INTEGER,
            label="月",
            function="month",
            source="vou_date",
        )
    },
    entities={
        "agency": Entity(
            name="agency",
            label="单位",
            table="agency",
            keys={"agency_code": "agency_code"},
            fields={"is_key": _field("is_key", Type.BOOLEAN)},
        )
    },
    facts={},
    subjects=("payment",),
)
CODES = NamedList(
    id="codes", title="代码", source="测试", kind=ListKind.CODES, entries=("1",)
)
WORDS = NamedList(
    id="words", title="词", source="测试", kind=ListKind.WORDS, entries=("酒",)
)
LIMIT = Param(name="limit", type=Type.MONEY, label="限额", default=Decimal(1))
NAMES = Names(
    vocabulary=VOCABULARY,
    params={"limit": LIMIT},
    lists={"codes": CODES, "words": WORDS},
    patterns={"two": "^.."},
)


def read(text: str) -> tree.Node:
    return parse(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "pay_amt >= param.limit",
        "pay_amt between 1 and 2 or not agency.is_key",
        "stage in ('request', 'voucher') and use_des is not null",
        "one_of(stage, list.codes) and mentions(use_des, list.words)",
        "matches(use_des, pattern.two) and days_between(vou_date, vou_date) > -1",
        "remainder(pay_amt, 100) = 0 and coalesce(person_cnt, 0) * 2 > 3.5",
        "starts_with(stage, '30') and hour(create_time) > 18 and vou_month = 12",
    ],
)
def test_what_the_language_has_is_accepted(text: str) -> None:
    assert tree.names(read(text))


def test_is_not_null_keeps_its_negation() -> None:
    node = read("use_des is not null")

    assert node == tree.Not(read("use_des is null"))


SUBQUERIES = [
    "pay_amt > (select 1)",
    "(select true)",
    "exists (select 1 from payment)",
    "pay_amt in (select pay_amt from payment)",
    "pay_amt = any (select 1)",
    "pay_amt = any (array[1])",
    "pay_amt in (values (1))",
    "with x as (select 1) select true",
    "pay_amt in unnest(array[1])",
    "pay_amt = 1 union select true",
    "table payment",
]
INJECTIONS = [
    "true; drop table payment",
    "true -- and false",
    "true /* and false */",
    "pay_amt = 1) or (1 = 1",
    "true) from payment where (true",
    "true) union select (true",
    "use_des = 'x' or 'a' 'b' = 'ab'",
    "use_des = $$x$$",
    "use_des = e'\\x41'",
    "use_des = U&'\\0041'",
    "use_des = n'x'",
    "use_des = x'41'",
    "use_des = b'1'",
    "use_des = 'a\x00b'",
    "$1 = pay_amt",
    ":pay = pay_amt",
    "? = pay_amt",
    "%s = pay_amt",
    "%(pay)s = pay_amt",
    "@pay = pay_amt",
    "pay_amt = 1 as x",
    "pay_amt = 1 x",
    "pay_amt = 1, true",
    "pay_amt = 1 limit 1",
    "pay_amt = 1 order by pay_amt",
    "pay_amt = 1 returning pay_amt",
    "pay_amt := 1",
    "{{ pay_amt }} = 1",
]
FUNCTIONS = [
    "pg_sleep(10) is null",
    "pg_read_file('/etc/passwd') = 'x'",
    "read_text('/etc/passwd') = 'x'",
    "read_csv('x') is null",
    "current_setting('x') = 'x'",
    "set_config('x', 'y', true) = 'y'",
    "lo_import('/etc/passwd') > 0",
    "dblink('x', 'y') is null",
    "getenv('HOME') = 'x'",
    "current_user = 'x'",
    "current_date = vou_date",
    "now() is null",
    "random() > 0.5",
    "nextval('s') > 0",
    "version() = 'x'",
    "count(*) > 1",
    "sum(pay_amt) > 1",
    "sum(pay_amt) over () > 1",
    "length(use_des) filter (where true) > 1",
    "length(distinct use_des) > 1",
    "length(use_des, 'UTF8') > 1",
    "length() > 1",
    "agency.length(use_des) > 1",
    "pg_catalog.length(use_des) > 1",
    "coalesce(pay_amt, 1, 2) = 1",
    "coalesce(pay_amt) = 1",
    "coalesce(pay_amt, pay_amt) = 1",
    "coalesce(pay_amt, 'x') = 1",
    "coalesce(list.codes, list.codes) = 1",
    "abs(pay_amt, 1) = 1",
    "starts_with(use_des, 30)",
    "remainder(pay_amt, 0) = 0",
    "remainder(pay_amt, -1) = 0",
    "remainder(pay_amt, person_cnt) = 0",
    "year(use_des) = 1",
    "hour(vou_date) = 1",
    "concat(use_des, use_des) = 'x'",
    "if(true, true, false)",
    "nullif(pay_amt, 1) = 1",
    "greatest(pay_amt, 1) = 1",
    "repeat('x', 1000000000) = use_des",
    "generate_series(1, 1000000000) = 1",
]
LISTS = [
    "list.codes = 'x'",
    "one_of(stage, list.words)",
    "mentions(use_des, list.codes)",
    "one_of(stage, list.absent)",
    "one_of(stage, 'list.codes')",
    "one_of(stage, pattern.two)",
    "one_of(list.codes, list.codes)",
    "matches(use_des, 'x')",
    "matches(use_des, pattern.absent)",
    "matches(use_des, list.words)",
    "pattern.two is null",
    "one_of(stage, list.codes.x)",
]
CASTS = [
    "pay_amt::text = 'x'",
    "cast(pay_amt as text) = 'x'",
    "try_cast(use_des as integer) = 1",
    "use_des::regclass is null",
    "interval '1 day' is null",
    "date '2026-01-01' = vou_date",
    "timestamp '2026-01-01' = create_time",
    "vou_date at time zone 'UTC' is null",
    "use_des collate \"C\" = 'x'",
    "array[1] = pay_amt",
    "row(pay_amt) = 1",
    "(pay_amt, 1) = (1, 1)",
    "use_des[1] = 'x'",
    "use_des -> 'a' = 'x'",
    "use_des ->> 'a' = 'x'",
    "case when true then true else false end",
]
OPERATORS = [
    "pay_amt / 2 > 1",
    "pay_amt % 2 = 1",
    "pay_amt ^ 2 > 1",
    "pay_amt > > 1",
    "pay_amt # 1 = 1",
    "pay_amt & 1 = 1",
    "use_des || 'x' = 'x'",
    "use_des ~ 'x'",
    "use_des like '%x%'",
    "use_des not like '%x%'",
    "use_des ilike 'x'",
    "use_des similar to 'x'",
    "pay_amt is distinct from 1",
    "pay_amt is not distinct from 1",
    "pay_amt <=> 1",
    "pay_amt between symmetric 2 and 1",
    "agency.is_key is true",
    "agency.is_key is not true",
    "pay_amt ? 1",
    "pay_amt in ()",
    "pay_amt in (person_cnt)",
    "pay_amt in (1 + 1)",
]
NAMES_OUTSIDE = [
    "password = 'x'",
    "payment.pay_amt = 1",
    "payment.password = 'x'",
    "public.payment.pay_amt = 1",
    "a.b.c.pay_amt = 1",
    "pg_catalog.pg_user = 'x'",
    "information_schema.tables = 'x'",
    "agency.password = 'x'",
    "agency.* is null",
    "* is null",
    "agency = 'x'",
    "param.absent = 1",
    "param = 1",
    "fact.absent = 1",
    "fact = 1",
    '"pay_amt" = 1',
    '"pay_amt"" = 1 or 1=1 --" = 1',
    'agency."is_key"',
    'use_des = "x"',
    "`pay_amt` = 1",
    "[pay_amt] = 1",
    "PAY_AMT = 1",
    "Agency.is_key",
    "ctid is null",
    "tableoid is null",
    "rowid = 1",
    "e.seq = 1",
    "p.pay_amt = 1",
]
UNICODE = [
    "ｐａｙ＿ａｍｔ = 1",
    "pay_amt\u200b = 1",
    "\ufeffpay_amt\ufeff = 1",
    "pаy_amt = 1",
    "pay_amt ＝ 1",
    "pay_amt = ²",
    "pay_amt = ١",
    "pay_amt = １",
    "use_des = ‘x’",
    "use_des = 'x\u2019 or true",
]
NUMBERS = [
    "pay_amt > 1e5",
    "pay_amt > 0x1F",
    "pay_amt > 0b1",
    "pay_amt > 0o7",
    "pay_amt > 1_000",
    "pay_amt > 1.5.2",
    "pay_amt > 'NaN'",
    "pay_amt > NaN",
    "pay_amt > infinity",
    "pay_amt > 1" + "0" * 18,
    "pay_amt > 0." + "0" * 6 + "1",
]
TYPES = [
    "pay_amt = 'x'",
    "use_des > 1",
    "vou_date = '2026-01-01'",
    "vou_date > create_time",
    "agency.is_key = 'true'",
    "agency.is_key = 1",
    "use_des + 1 = 1",
    "vou_date - 1 = vou_date",
    "-use_des = 'x'",
    "pay_amt",
    "pay_amt + 1",
    "'x'",
    "1",
    "not pay_amt",
    "pay_amt and true",
    "use_des is null + 1",
    "null",
    "pay_amt = null",
    "pay_amt in (1, null)",
    "pay_amt between 'a' and 'b'",
]
BROKEN = ["", " ", "()", "(", ")", "and", "pay_amt >", "pay_amt = 'x", "not", "'"]


@pytest.mark.parametrize(
    "text",
    [
        *SUBQUERIES,
        *INJECTIONS,
        *FUNCTIONS,
        *LISTS,
        *CASTS,
        *OPERATORS,
        *NAMES_OUTSIDE,
        *UNICODE,
        *NUMBERS,
        *TYPES,
        *BROKEN,
    ],
)
def test_what_the_language_has_not_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        read(text)


BOMBS = {
    "long": "pay_amt = 1 or " * 1000 + "true",
    "deep parentheses": "(" * 900 + "true" + ")" * 900,
    "deep negation": "not " * 450 + "true",
    "deep minus": "- " * 900 + "1 < pay_amt",
    "wide": " or ".join(["true"] * 250),
    "wide list": f"pay_amt in ({', '.join(['1'] * 500)})",
    "deep sum": " + ".join(["pay_amt"] * 100) + " > 1",
    "deep calls": "abs(" * 300 + "pay_amt" + ")" * 300 + " > 1",
    "long text": f"use_des = '{'x' * 300}'",
    "deep mix": "not (" * 300 + "true" + ")" * 300,
    "open brackets": "[" * 1500,
    "open cases": "case when " * 190,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_condition_too_big_to_read_is_refused(bomb: str) -> None:
    with pytest.raises(ExpressionError):
        read(BOMBS[bomb])


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("pay_amt > 1 and pay_sum > 2", 16),
        ("use_des = 'x' and length(pay_amt) > 1", 18),
        ("true and pg_sleep(1) is null", 9),
    ],
)
def test_a_refusal_says_where(text: str, column: int) -> None:
    with pytest.raises(ExpressionError) as refused:
        read(text)

    assert refused.value.details["column"] == column


def test_text_constants_stay_text_whatever_they_hold() -> None:
    hostile = "'' or 1=1 ''); drop table payment"

    with pytest.raises(ExpressionError):
        read(f"use_des = '{hostile}'")


def test_a_quote_inside_a_constant_is_kept() -> None:
    node = read("use_des = 'it''s'")

    assert isinstance(node, tree.Compare)
    assert isinstance(node.right, tree.Literal)
    assert node.right.value == "it's"

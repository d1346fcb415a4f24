"""What a rule tells a budget unit: words for codes, and nothing about what is not."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
import screening_lab

from kuwei_shared.catalogue.trial import effective, row_of
from kuwei_shared.rules.classes import class_name
from kuwei_shared.rules.explain import MISSING, explanation, spoken
from kuwei_shared.rules.model import Catalogue, Example, Expected, Rule
from kuwei_shared.rules.placeholders import outlined
from kuwei_shared.rules.vocabulary import Type

CATALOGUE = screening_lab.standard()
HITS = [
    (rule, example)
    for rule in CATALOGUE.rules.values()
    for example in rule.examples
    if example.expected is Expected.HIT
]


def said(rule: Rule, example: Example, catalogue: Catalogue = CATALOGUE) -> str:
    row = row_of(catalogue, rule, example)
    return explanation(effective(rule), row, catalogue.vocabulary)


def filled(text: str, **given: object) -> str:
    rule = replace(CATALOGUE.rules["GX-U10"], explain=text)
    return explanation(effective(rule), given, CATALOGUE.vocabulary)


@pytest.mark.parametrize(
    ("rule", "example"), HITS, ids=[f"{rule.id} {one.case}" for rule, one in HITS]
)
def test_every_hit_is_told_in_words(rule: Rule, example: Example) -> None:
    sentence = said(rule, example)

    assert MISSING not in sentence
    assert "{" not in sentence


@pytest.mark.parametrize(
    ("rule_id", "case", "told"),
    [
        ("GX-U06", "授权支付发基本工资", "支付方式为授权支付(121)"),
        ("GX-U06", "授权支付发基本工资", "列支科目基本工资(30101)"),
        ("GX-B06", "到期未报", "应于 2026年3月11日 报送,至今未报。"),
        ("GX-B06", "报错被退回", "报送,被退回,原因“收款人栏错位”。"),
        ("GX-U04", "未填合同", "支付没有填合同编号"),
        ("GX-U12", "转账无收款账号", "收款账号空白"),
        ("GX-U13", "销户当日使用", "2026年3月11日销户"),
        (
            "M020",
            "转移支付列公车费",
            "项目资金列支“三公”科目 公务用车运行维护费(30231)",
        ),
    ],
)
def test_a_budget_unit_reads_what_is_wrong(rule_id: str, case: str, told: str) -> None:
    (hit,) = (pair for pair in HITS if (pair[0].id, pair[1].case) == (rule_id, case))

    assert told in said(*hit)


@pytest.mark.parametrize(
    ("text", "given", "sentence"),
    [
        ("已付[,原因“{use_des}”]。", {"use_des": "错"}, "已付,原因“错”。"),
        ("已付[,原因“{use_des}”]。", {"use_des": None}, "已付。"),
        ("已付[,{use_des}、{card_no}]。", {"use_des": "错"}, "已付。"),
        ("已付[-{use_des},没有用途]。", {"use_des": None}, "已付,没有用途。"),
        ("已付[-{use_des},没有用途]。", {"use_des": "错"}, "已付。"),
        ("已付[-{use_des}{card_no},都没有]。", {"card_no": "1"}, "已付。"),
        ("标准[{param.limit} 元]。", {}, "标准20,000,000.00 元。"),
    ],
)
def test_an_aside_is_said_only_where_it_is_so(
    text: str, given: dict[str, object], sentence: str
) -> None:
    assert filled(text, **given) == sentence


def test_a_form_says_when_its_asides_are_said() -> None:
    text = "已付 {a}[,原因“{b}”][-{b},没有原因]。"

    told = outlined(text, lambda name: {"a": "金额", "b": "原因"}[name])

    assert told == "已付 【金额】(有原因时:,原因“【原因】”)(缺原因时:,没有原因)。"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("30101", "基本工资"),
        ("50502", "事业单位商品和服务支出"),
        ("3010102", "基本工资类"),
        ("30250", "商品和服务支出类"),
        ("2070109", "文化旅游体育与传媒支出类"),
        ("999", None),
        ("", None),
    ],
)
def test_a_budget_class_has_a_name(code: str, name: str | None) -> None:
    assert class_name(code) == name


@pytest.mark.parametrize(
    "stored",
    [
        dt.datetime(2026, 3, 5, 1, 14, 14),  # noqa: DTZ001  # as the ledger keeps it
        dt.datetime(2026, 3, 5, 1, 14, 14, tzinfo=dt.UTC),
        "2026-03-05T01:14:14",
        "2026-03-05T09:14:14+08:00",
    ],
)
def test_a_moment_is_said_by_the_clock_of_the_country(stored: object) -> None:
    assert spoken(stored, Type.TIMESTAMP) == "2026-03-05 09:14:14"

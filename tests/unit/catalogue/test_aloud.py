"""Conditions are said in Chinese words a reviewer can read aloud."""

from __future__ import annotations

import pytest

from kuwei_shared.catalogue.aloud import Reader, fact_aloud
from kuwei_shared.catalogue.loading import catalogue_of
from kuwei_shared.rules.compiler import names_of
from kuwei_shared.rules.model import Catalogue
from kuwei_shared.rules.parser import parse


@pytest.fixture
def catalogue(files: dict[str, bytes]) -> Catalogue:
    return catalogue_of(files)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("pay_amt > 1000", "【支付金额】大于1,000"),
        ("pay_amt >= param.limit", "【支付金额】达到或超过标准(2,000.00)"),
        ("set_mode_code = '4'", "【结算方式代码】等于“现金支票”"),
        ("set_mode_code in ('3', '4')", "【结算方式代码】为“汇兑”、“现金支票”之一"),
        ("use_des is null", "【用途】没有记载"),
        ("use_des is not null", "【用途】有记载"),
        ("not agency.is_key", "并非【预算单位·重点监控单位】"),
        ("agency.is_key = true", "【预算单位·重点监控单位】等于是"),
        ("vou_day between 1 and 5", "【日】在1到5之间(含两端)"),
        ("pay_amt * 2 < 5", "(【支付金额】 乘 2)小于5"),
        ("one_of(set_mode_code, list.modes)", "【结算方式代码】 属于 《转账方式》"),
        ("matches(use_des, pattern.two)", "【用途】 符合格式 格式 two"),
        ("contains(use_des, '酒')", "【用途】 包含 “酒”"),
    ],
)
def test_a_condition_is_said_in_words(
    catalogue: Catalogue, condition: str, said: str
) -> None:
    rule = catalogue.rules["GX-U10"]

    node = parse(condition, names_of(rule, catalogue))

    assert Reader(rule, catalogue).read(node) == said


def test_a_fact_is_said_with_its_keys_and_window(catalogue: Catalogue) -> None:
    fact = catalogue.vocabulary.facts["payee_30d_sum"]

    said = fact_aloud(fact, catalogue)

    assert "含当日的 30 天内、预算单位代码、收款人账号相同的支付合计,含本笔" in said

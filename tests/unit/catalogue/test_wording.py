"""Codes of our own are not shown to people; the ministry's are."""

import pytest
import screening_lab

from kuwei_shared.catalogue.wording import said


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("entry_kind", "refund", "退款"),
        ("fund_scope", "zero_balance", "零余额账户"),
        ("set_mode_code", "7", "公务卡(7)"),
        ("use_des", "付第三方服务费(other)", "付第三方服务费(other)"),
        ("use_des", "other", "other"),
        ("use_des", "30101", "30101"),
        ("dep_bgt_eco_code", "30101", "基本工资(30101)"),
        ("appropriation.exp_func_code", "2070109", "文化旅游体育与传媒支出类(2070109)"),
        ("dep_bgt_eco_code", "99", "99"),
        ("payer_account.acct_kind", "own_fund", "实有资金"),
        ("payer_account.filed", False, "否"),
    ],
)
def test_a_value_is_said_as_people_know_it(
    name: str, value: object, shown: str
) -> None:
    vocabulary = screening_lab.standard().vocabulary

    assert said(name, value, vocabulary) == shown

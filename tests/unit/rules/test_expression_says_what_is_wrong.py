"""A refused condition says every fault: the word, its place, what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from kuwei_shared.catalogue.loading import load
from kuwei_shared.rules.compiler import names_of
from kuwei_shared.rules.faults import ExpressionError
from kuwei_shared.rules.functions import FUNCTIONS, Arg
from kuwei_shared.rules.naming import ARGUMENTS, SORTS, Names, usage
from kuwei_shared.rules.parser import parse
from kuwei_shared.rules.vocabulary import Sort

ROOT = Path(__file__).parents[3] / "rules-catalog"


@pytest.fixture(scope="module")
def names() -> Names:
    """What a payment rule with one parameter may refer to."""
    catalogue = load(ROOT)
    return names_of(catalogue.rules["GX-U10"], catalogue)


def faults(text: str, names: Names) -> list[tuple[object, str, str]]:
    """Column, sentence and remedy of every fault."""
    with pytest.raises(ExpressionError) as refused:
        parse(text, names)
    return [
        (one.details.get("column"), one.said, one.remedy) for one in refused.value.all
    ]


SEVERAL = [
    ("nope1 = 1 and nope2 = 2", [0, 14]),
    ("one_of(stage, list.nope) or param.nope > 1", [14, 28]),
    ("pay_amt = 'x' and vou_date > 1 and nope(1)", [0, 18, 35]),
    ("not (nope1 = 1) and (nope2 in ('a') or nope3 between nope4 and 1)",
     [5, 21, 39, 53]),
    ("nope1 + nope2 > abs(nope3)", [0, 8, 20]),
    ("days_between(nope1, nope2) > 1", [13, 20]),
    ("pay_amt > １ and use_des = “x”", [10, 26, 28]),
    ("(pay_amt > 1)) or (stage = 'x'", [13, 18]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "columns"), SEVERAL)
def test_every_fault_of_a_condition_is_told_at_its_place(
    names: Names, text: str, columns: list[int]
) -> None:
    assert [column for column, _, _ in faults(text, names)] == columns


# condition, column, what the sentence holds, what the remedy holds
ONE = [
    ("pay_amt >= ", 8, "条件到“>=”就断了", "写完整"),
    ("pay_amt >= 1 and", 13, "条件到“and”就断了", "写完整"),
    ("pay_amt = 1 and\n  stage = = 'x'", 26, "“=”之后不能接“=”", "补上"),
    ("one_of(stage list.x)", 13, "“stage”之后不能接“list”", "逗号"),
    ("pay_amt => 1", 8, "“=>”", "改成 >=。"),
    ("pay_amt ≥ 1", 8, "“≥”", "改成 >=。"),
    ("pay_amt >= 1，stage = 'x'", 12, "“，”", "半角的 ,"),
    ("pay_amt > 1 且 stage = 'x'", 12, "“且”", "and、or、not"),
    ("pay_amt\u3000> 1", 7, "U+3000", "普通空格"),
    ('"pay_amt" > 1', 0, '“"pay_amt"”', "名称不加引号"),
    ("stage = 'x", 8, "单引号没有成对", "另一个单引号"),
    ("pay_amt = 1 x", 12, "“x”接不上", "and、or"),
    ("pay_amt > 1; true", 11, "“;”", "删去"),
    ("  ", 0, "空的", "写完整"),
    ("pay_amt > 1,000", 0, "不是一个判断", "千分位"),
    ("pay_amt / 2 > 1", 0, "pay_amt / 2", "没有除法"),
    ("pay_amt = null", 0, "NULL", "is null"),
    ("use_des like '%x%'", 0, "LIKE", "mentions"),
    ("pay_amnt > 1", 0, "没有“pay_amnt”", "是否 pay_amt"),
    ("PAY_AMT > 1", 0, "没有“PAY_AMT”", "是否 pay_amt"),
    ("acct_kind = 'x'", 0, "没有“acct_kind”", "payee_account.acct_kind"),
    ("param.limt > 1", 0, "没有参数“param.limt”", "是否 limit"),
    ("list.payroll_prefixes = 'x'", 0, "不能单独使用", "one_of"),
    ("one_of(stage, list.payroll_prefixs)", 14, "找不到", "是否 payroll_prefixes"),
    ("mentions(use_des, list.payroll_prefixes)", 18, "是代码(codes)", "one_of"),
    ("matches(use_des, list.payroll_prefixes)", 17, "不能是“list.", "写 pattern."),
    ("mention(use_des, list.x)", 0, "没有函数“mention”", "可用 mentions"),
    ("days_between(vou_date) > 1", 0, "有 2 个参数,写了 1 个", "(日期, 日期)"),
    ("remainder(pay_amt, 0) = 0", 0, "须是正数常量", "remainder(数, 正数常量)"),
    ("vou_date > '2026-01-01'", 0, "日期和文字", "date 型参数"),
    ("agency.is_key = 'true'", 0, "真假和文字", "不加引号"),
    ("pay_amt = '1'", 0, "数和文字", "数不加引号"),
    ("use_des + 1 = 1", 0, "“use_des”是文字,此处要数", "加、减、乘"),
    ("pay_amt and true", 0, "“pay_amt”是数,此处要真假", "加上比较"),
    ("pay_amt", 0, "是数,不是真假判断", "加上比较"),
    ("stage in (use_des)", 0, "只能是常量", "one_of"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "column", "said", "remedy"), ONE)
def test_a_fault_names_the_word_the_place_and_the_remedy(
    names: Names, text: str, column: int, said: str, remedy: str
) -> None:
    [(found, sentence, instead)] = faults(text, names)

    assert found == column
    assert said in sentence
    assert remedy in instead


@pytest.mark.parametrize("text", [text for text, *_ in (*ONE, *SEVERAL)])
def test_no_fault_speaks_of_the_parser(names: Names, text: str) -> None:
    told = " ".join(said + remedy for _, said, remedy in faults(text, names))

    assert "sqlglot" not in told
    assert "xpect" not in told


def test_every_argument_and_family_has_a_word() -> None:
    assert set(ARGUMENTS) == set(Arg)
    assert set(SORTS) == set(Sort)
    assert all(usage(name).startswith(f"{name}(") for name in FUNCTIONS)


def test_a_condition_too_big_is_refused_once(names: Names) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(" or ".join(["n"] * 300), names)

    assert [one.code for one in refused.value.all] == ["expression.too_big"]

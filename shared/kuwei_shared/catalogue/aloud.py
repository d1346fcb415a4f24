"""A rule read aloud in Chinese, for the person who must decide whether it is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.functions import FUNCTIONS
from kuwei_shared.rules.model import Catalogue, Rule, Value
from kuwei_shared.rules.vocabulary import Fact, Measure

_WORDS: Mapping[str, str] = {
    "=": "等于",
    "<>": "不等于",
    "<": "小于",
    "<=": "不超过",
    ">": "大于",
    ">=": "达到或超过",
    "+": "加",
    "-": "减",
    "*": "乘",
    "and": "并且",
    "or": "或者",
}
SEVERITIES: Mapping[str, str] = {
    "record": "记录",
    "yellow": "黄:预警",
    "orange": "橙:预警,须附说明",
    "red": "红:暂停待核",
    "grey": "灰:禁止支付",
}
STATUSES: Mapping[str, str] = {
    "draft": "草稿",
    "trial": "试行(只记结果)",
    "stable": "正式",
    "retired": "已停用",
}
POLICIES: Mapping[str, str] = {"pass": "放行", "hold": "暂停", "reject": "拒绝"}
STAGES: Mapping[str, str] = {
    "request": "支付申请",
    "voucher": "支付凭证",
    "receipt": "银行回单",
    "day_end": "每日日终",
    "month_end": "每月月末",
}
OUTCOMES: Mapping[str, str] = {
    "hit": "命中",
    "clear": "不命中",
    "undetermined": "不能判断",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the conditions of one rule aloud."""

    rule: Rule
    catalogue: Catalogue

    def read(self, node: tree.Node | tree.Reference) -> str:
        """Return a node in words."""
        match node:
            case tree.Literal(value):
                return self._literal(value)
            case tree.Name(path):
                return self._name(path)
            case tree.Reference(path):
                return self._reference(path)
            case tree.Not() | tree.IsNull():
                return self._negated(node)
            case tree.Member() | tree.Between() | tree.Call():
                return self._group(node)
            case _:
                return self._operation(node)

    def _operation(self, node: tree.Compare | tree.Arithmetic | tree.Logic) -> str:
        match node:
            case tree.Compare(op, left, right):
                return f"{self.read(left)}{_WORDS[op]}{self._value(left, right)}"
            case tree.Arithmetic(op, left, right):
                return f"({self.read(left)} {_WORDS[op]} {self.read(right)})"
            case tree.Logic(op, terms):
                joined = f",{_WORDS[op]}".join(self.read(term) for term in terms)
                return f"({joined})"

    def _negated(self, node: tree.Not | tree.IsNull) -> str:
        match node:
            case tree.Not(tree.IsNull(term)):
                return f"{self.read(term)}有记载"
            case tree.Not(term):
                return f"并非{self.read(term)}"
            case tree.IsNull(term):
                return f"{self.read(term)}没有记载"

    def _group(self, node: tree.Member | tree.Between | tree.Call) -> str:
        match node:
            case tree.Member(term, options):
                values = "、".join(self._value(term, one) for one in options)
                return f"{self.read(term)}为{values}之一"
            case tree.Between(term, low, high):
                ends = f"{self.read(low)}到{self.read(high)}"
                return f"{self.read(term)}在{ends}之间(含两端)"
            case tree.Call(function, args):
                said = [self.read(one) for one in args]
                return FUNCTIONS[function].aloud.format(*said)

    def _name(self, path: str) -> str:
        if path.startswith("param."):
            param = self.rule.params[path.removeprefix("param.")]
            return f"{param.label}({show(param.default)})"
        return f"【{self.catalogue.vocabulary.label_of(path)}】"

    def _value(self, beside: tree.Node, node: tree.Node) -> str:
        """Return a value; a code of the name beside it is said by its meaning."""
        if isinstance(beside, tree.Name) and isinstance(node, tree.Literal):
            meaning = self._codes(beside.path).get(str(node.value))
            if meaning:
                return f"“{meaning}”"
        return self.read(node)

    def _codes(self, path: str) -> Mapping[str, str]:
        vocabulary = self.catalogue.vocabulary
        prefix, _, rest = path.partition(".")
        entity = vocabulary.entities.get(prefix)
        found = entity.fields.get(rest) if entity else vocabulary.payment.get(path)
        return found.values if found else {}

    def _reference(self, path: str) -> str:
        prefix, _, name = path.partition(".")
        if prefix == "list":
            return f"《{self.catalogue.lists[name].title}》"
        return f"格式 {name}"

    @staticmethod
    def _literal(value: str | Decimal | bool) -> str:  # a union, no flag
        if isinstance(value, bool):
            return "是" if value else "否"
        return f"“{value}”" if isinstance(value, str) else show(value)


def show(value: Value) -> str:
    """Return a value as an official writes it."""
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, bool):
        return "是" if value else "否"
    return "没有" if value is None else str(value)


def fact_aloud(fact: Fact, catalogue: Catalogue) -> str:
    """Return in words what a fact counts."""
    measure = {Measure.SUM: "合计", Measure.COUNT: "笔数", Measure.MAX: "最大值"}
    window = {
        "day": "同日",
        "month": "同月",
        "year": "同一预算年度",
        "all": "历来",
        "days": f"含当日的 {fact.days} 天内",
    }
    if fact.of_original:
        return f"{fact.label}:本区划上报的原支付,不论环节"
    keys = "、".join(catalogue.vocabulary.label_of(name) for name in fact.over)
    current = "含本笔" if fact.include_current else "不含本笔"
    counted = f"支付{measure[fact.measure]},{current}"
    return f"{fact.label}:{window[fact.bucket]}、{keys}相同的{counted}"


def placed_terms(condition: tree.Node, reader: Reader) -> Iterator[str]:
    """Yield the condition term by term, one line each."""
    if isinstance(condition, tree.Logic):
        word = _WORDS[condition.op]
        for at, term in enumerate(condition.terms):
            yield f"{word if at else '  '} {reader.read(term)}"
    else:
        yield reader.read(condition)

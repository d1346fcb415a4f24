"""The rule file and the condition language on one page, written from what reads them.

Keys come from the JSON Schema, names from the vocabulary, functions and bounds from
the parser, and the messages of common slips from the parser itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from string import Template

from kuwei_shared.catalogue.aloud import fact_aloud
from kuwei_shared.catalogue.checks.registry import CHECKS
from kuwei_shared.catalogue.document import Plain
from kuwei_shared.catalogue.scaffold import TEMPLATE
from kuwei_shared.rules import parser, syntax
from kuwei_shared.rules.faults import ExpressionError
from kuwei_shared.rules.functions import FUNCTIONS
from kuwei_shared.rules.model import Catalogue
from kuwei_shared.rules.naming import SORTS, Names, usage
from kuwei_shared.rules.vocabulary import Entity, Fact, Field, Type, Vocabulary

Row = Sequence[str]

PAGE = Path(__file__).with_name("manual.md")

TYPES: Mapping[Type, tuple[str, str]] = {
    Type.TEXT: ("文字", "'…'"),
    Type.CODE: ("代码", "'30201'"),
    Type.MONEY: ("金额(元)", "20000000.00"),
    Type.INTEGER: ("整数", "3"),
    Type.DECIMAL: ("小数", "0.5"),
    Type.DATE: ("日期", "没有常量;写 date 型参数"),
    Type.TIMESTAMP: ("时刻", "没有常量;用 `hour`"),
    Type.BOOLEAN: ("是非", "true、false"),
}
OPERATORS: tuple[tuple[str, str, str], ...] = (
    ("`a = b` `<>` `<` `<=` `>` `>=`", "比较;两边须同类", "pay_amt >= param.limit"),
    ("`a between 小 and 大`", "在两者之间,含两端", "vou_month between 11 and 12"),
    ("`a in (常量, …)`", "等于其中之一", "stage in ('request', 'voucher')"),
    ("`a is null` `a is not null`", "没有值、有值", "payee_account.acct_kind is null"),
    ("`and` `or` `not` `( )`", "并且、或者、并非",
     "not (stage = 'request' or agency.is_key)"),
    ("`+` `-` `*`", "只用于数;没有除法,移项改写成乘法",
     "pay_amt * 100 > appropriation.amount * 80"),
)  # fmt: skip
EXAMPLES: Mapping[str, tuple[str, str]] = {
    "one_of": ("整值在代码名单里",
               "one_of(dep_bgt_eco_code, list.official_card_items)"),
    "starts_with": ("以它开头", "starts_with(dep_bgt_eco_code, '302')"),
    "starts_with_any": ("以名单中任一开头",
                        "starts_with_any(dep_bgt_eco_code, list.payroll_prefixes)"),
    "mentions": ("文字里有名单中的词", "mentions(use_des, list.sensitive_words)"),
    "contains": ("文字里任何位置有它;比前缀用 starts_with",
                 "contains(use_des, payee_acct_name)"),
    "matches": ("文字合格式", "matches(use_des, pattern.vague_use)"),
    "length": ("字数", "length(use_des) < 4"),
    "year": ("年", "year(appropriation.doc_date) < fiscal_year"),
    "month": ("月,1–12", "month(contract.sign_date) = 12"),
    "day": ("日,1–31", "day(contract.sign_date) = 31"),
    "hour": ("时,0–23", "hour(create_time) < 7"),
    "days_between": ("天数:前一个减后一个,晚的写在前",
                     "days_between(vou_date, contract.sign_date) > 30"),
    "remainder": ("余数", "remainder(pay_amt, 10000.00) = 0"),
    "abs": ("绝对值", "abs(pay_amt) >= 5000.00"),
    "coalesce": ("缺失时按常量算;唯一不随缺值而缺的函数",
                 "coalesce(deduct_amt, 0) > 0"),
}  # fmt: skip
SLIPS: tuple[str, ...] = (
    "pay_amt >=",
    "pay_amnt > 1000",
    "pay_amt > 1000，stage = 'request'",
    "pay_amt / 2 > 1000",
    "pay_amt > '1000'",
    "vou_date > '2026-01-01'",
    "use_des like '%酒%'",
    "contract_no = null",
    "mentions(use_des, list.payroll_prefixes)",
    "days_between(vou_date) > 30",
)


def manual(catalogue: Catalogue, rule_schema: Plain) -> str:
    """Return the page.

    Args:
        catalogue: whose vocabulary, lists and patterns the page tells of.
        rule_schema: the JSON Schema of a rule file.
    """
    words = catalogue.vocabulary
    root = rule_schema if isinstance(rule_schema, dict) else {}
    return Template(PAGE.read_text("utf-8")).substitute(
        begun=TEMPLATE.format(id="GX-U16", ref="GX-U16").rstrip(),
        keys=_table(("键", "必填", "写法", "含义"), _properties(root, root, "")),
        operators=_table(("写法", "含义", "例"), _operators()),
        types=_table(("词汇表中的类型", "含义", "同类", "常量"), _types()),
        functions=_table(("写法", "得到", "含义", "例"), _functions()),
        subjects="、".join(f"`{one}`" for one in words.subjects),
        payment=_fields(words.payment, ""),
        derived=_table(("名称", "含义", "算法"), _derived(words)),
        entities="\n\n".join(_entities(words)),
        facts=_table(("名称", "数什么", "类型", "何时可用"), _facts(catalogue)),
        bounds=_bounds(),
        checks=_table(
            ("检查项", "要求"), ((_code(one.id), one.says) for one in CHECKS)
        ),
        slips=_table(("写成", "报", "改法"), _slips(catalogue)),
    )


def _properties(
    schema: dict[str, Plain], root: dict[str, Plain], above: str
) -> Iterator[Row]:
    """Yield a row for every key at any depth."""
    required = schema.get("required")
    properties = schema.get("properties")
    for key, told in properties.items() if isinstance(properties, dict) else ():
        one = _resolved(told, root)
        must = "是" if isinstance(required, list) and key in required else ""
        said = one.get("description")
        yield f"`{above}{key}`", must, _form(one, root), str(said or "")
        yield from _below(one, root, f"{above}{key}")


def _below(one: dict[str, Plain], root: dict[str, Plain], path: str) -> Iterator[Row]:
    if "properties" in one:
        yield from _properties(one, root, f"{path}.")
    for inside, mark in (("items", "[]"), ("additionalProperties", ".<名称>")):
        held = _resolved(one.get(inside), root)
        if "properties" in held:
            yield from _properties(held, root, f"{path}{mark}.")


def _resolved(told: Plain, root: dict[str, Plain]) -> dict[str, Plain]:
    """Return a schema with what it refers to; its own words come first."""
    if not isinstance(told, dict):
        return {}
    name = str(told.get("$ref", "")).rpartition("/")[2]
    shared = root.get("$defs")
    held = shared.get(name) if isinstance(shared, dict) else None
    return {**held, **told} if isinstance(held, dict) else told


def _form(one: dict[str, Plain], root: dict[str, Plain]) -> str:
    choices = one.get("enum")
    if isinstance(choices, list):
        return " ".join(f"`{choice}`" for choice in choices)
    if one.get("type") == "array":
        return f"列表:{_form(_resolved(one.get('items'), root), root)}"
    if isinstance(one.get("type"), list):
        return "与 type 相符的值"
    kinds = {"string": "文字", "integer": "整数", "object": "表"}
    return (
        "日期" if one.get("format") == "date" else kinds.get(str(one.get("type")), "")
    )


def _operators() -> Iterator[Row]:
    yield from ((form, said, _code(example)) for form, said, example in OPERATORS)


def _types() -> Iterator[Row]:
    for kind, (said, constant) in TYPES.items():
        yield f"`{kind}`", said, SORTS[kind.sort], constant


def _functions() -> Iterator[Row]:
    for name, one in FUNCTIONS.items():
        said, example = EXAMPLES[name]
        yields = SORTS[one.yields] if one.yields else "同第一个参数"
        yield _code(usage(name)), yields, said, _code(example)


def _derived(words: Vocabulary) -> Iterator[Row]:
    for one in words.derived.values():
        yield f"`{one.name}`", one.label, f"{one.function}({one.source})"


def _entities(words: Vocabulary) -> Iterator[str]:
    for entity in words.entities.values():
        yield f"### `{entity.name}` {entity.label}"
        yield _found(entity)
        yield _fields(entity.fields, f"{entity.name}.")


def _found(entity: Entity) -> str:
    if entity.keys:
        keys = ",".join(f"`{mine}` = `{its}`" for mine, its in entity.keys.items())
        return f"以 {keys} 找到;找不到时各字段都缺失。"
    own = "、".join(f"`{key}`" for key in entity.subject_key)
    return f"只作监控对象,一行以 {own} 区分。"


def _fields(fields: Mapping[str, Field], prefix: str) -> str:
    rows = (
        (
            f"`{prefix}{one.name}`",
            one.label,
            TYPES[one.type][0] + (",必有" if one.required else ""),
            "、".join(f"`{code}` {said}" for code, said in one.values.items()),
        )
        for one in fields.values()
    )
    return _table(("名称", "含义", "类型", "取值"), rows)


def _facts(catalogue: Catalogue) -> Iterator[Row]:
    for one in catalogue.vocabulary.facts.values():
        counted = f"{fact_aloud(one, catalogue)}{_only(one, catalogue.vocabulary)}"
        when = "逐笔" if one.is_realtime else "定时"
        yield f"`fact.{one.name}`", counted, TYPES[one.type][0], when


def _only(fact: Fact, words: Vocabulary) -> str:
    """Return what a fact's payments are narrowed to."""
    limits = [
        f"{words.label_of(name)}为 {'、'.join(codes)} 的"
        for name, codes in fact.where.items()
    ]
    if fact.positive_only:
        limits.append("金额大于零的")
    return f";只数{'、'.join(limits)}" if limits else ""


def _bounds() -> str:
    return (
        f"条件至多 {syntax.LENGTH_MAX:,} 字符、{parser.NODES_MAX} 个成分、"
        f"{parser.DEPTH_MAX} 层;文字常量至多 {parser.TEXT_LITERAL_MAX} 字;"
        "数至多 18 位整数、6 位小数。\n条件里不得有分号、`--`、`/*`,引号内也不行。"
    )


def _slips(catalogue: Catalogue) -> Iterator[Row]:
    names = Names(
        vocabulary=catalogue.vocabulary,
        params={},
        lists=catalogue.lists,
        patterns=catalogue.patterns,
    )
    for slip in SLIPS:
        try:
            parser.parse(slip, names)
        except ExpressionError as error:
            yield _code(slip), error.said, error.remedy


def _code(text: str) -> str:
    return f"`{text}`"


def _table(heads: Row, rows: Iterable[Row]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")

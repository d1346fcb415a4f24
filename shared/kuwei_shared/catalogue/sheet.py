"""``kuwei-rules explain``: everything about one rule on one sheet of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kuwei_shared.catalogue.aloud import (
    OUTCOMES,
    POLICIES,
    SEVERITIES,
    STAGES,
    STATUSES,
    Reader,
    fact_aloud,
    placed_terms,
    show,
)
from kuwei_shared.catalogue.trial import awake, effective
from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.compiler import compile_rules, names_of
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.model import Basis, Catalogue, Param, Rule
from kuwei_shared.rules.parser import parse
from kuwei_shared.rules.printer import Dialect

INCOMING = "SELECT * FROM incoming_rows"


def sheet(rule: Rule, catalogue: Catalogue, dialect: Dialect) -> str:
    """Return the sheet of one rule.

    Raises:
        ExpressionError: the condition is not in the language.
    """
    condition = parse(rule.when, names_of(rule, catalogue))
    reader = Reader(rule, catalogue)
    parts: Sequence[tuple[str, Sequence[str]]] = (
        ("依据", [_basis(one) for one in rule.basis]),
        ("条件", list(placed_terms(condition, reader))),
        ("须有", [catalogue.vocabulary.label_of(name) for name in rule.requires]),
        ("参数", [_param(one) for one in rule.params.values()]),
        ("事实", list(_facts(condition, catalogue))),
        ("说明", [rule.explain]),
        ("核查", [rule.review]),
        ("示例", [f"{OUTCOMES[one.expected]}:{one.case}" for one in rule.examples]),
        (f"编译({dialect})", compiled(rule, catalogue, dialect).splitlines()),
    )
    lines = list(_head(rule))
    for title, body in parts:
        if body:
            lines += [f"{title}:", *(f"  {line}" for line in body)]
    return "\n".join(lines)


def compiled(rule: Rule, catalogue: Catalogue, dialect: Dialect) -> str:
    """Return the statement that runs one rule alone."""
    statement = compile_rules(
        catalogue,
        [effective(awake(rule))],
        subject=rule.subject,
        schedule=rule.schedule,
    )
    plan = Plan.PROBE if rule.schedule is None else Plan.CLOSED
    return statement.sql(dialect, INCOMING, plan)


def _head(rule: Rule) -> Iterator[str]:
    yield f"{rule.id} {rule.title}(第 {rule.version} 版,{STATUSES[rule.status]})"
    when = "、".join(STAGES[one] for one in rule.stages)
    when = when or STAGES[rule.schedule or ""]
    yield f"  {SEVERITIES[rule.severity]};检查时机:{when}"
    missing, error = POLICIES[rule.on_missing], POLICIES[rule.on_error]
    yield f"  缺值时{missing},出错时{error}"


def _basis(basis: Basis) -> str:
    since = f",自 {basis.from_date} 起" if basis.from_date else ""
    until = f",至 {basis.until_date} 止" if basis.until_date else ""
    return f"[{basis.ref}] {basis.document} {basis.clause}{since}{until}:{basis.text}"


def _param(param: Param) -> str:
    if param.tighten is None:
        return f"{param.label}:{show(param.default)}(不可调)"
    bounds = f"{show(param.minimum)} – {show(param.maximum)}"
    way = {"up": "只可调高", "down": "只可调低", "both": "可调高、调低"}[param.tighten]
    return f"{param.label}:{show(param.default)}({way},{bounds})"


def _facts(condition: tree.Node, catalogue: Catalogue) -> Iterator[str]:
    for name in tree.names(condition):
        if name.startswith("fact."):
            fact = catalogue.vocabulary.facts[name.removeprefix("fact.")]
            yield fact_aloud(fact, catalogue)

"""Rules tried on their own examples, on whatever engine is at hand.

Used by authors (``kuwei-rules test``), by CI on every dialect, and by a node
before it activates a release: a rule that misjudges its own examples is not run.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from kuwei_shared.catalogue.engines import Engine
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.compiler import (
    CLEAR,
    ERROR,
    HIT,
    UNDETERMINED,
    EffectiveRule,
    Statement,
    compile_rules,
)
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.model import (
    Catalogue,
    Example,
    Expected,
    Rule,
    Status,
    Value,
)
from kuwei_shared.rules.printer import Dialect, quote
from kuwei_shared.rules.relations import derived_sql
from kuwei_shared.rules.vocabulary import Type, Vocabulary

LETTERS: Mapping[Expected, str] = {
    Expected.HIT: HIT,
    Expected.CLEAR: CLEAR,
    Expected.UNDETERMINED: UNDETERMINED,
}
_SQL_TYPES: Mapping[Type, str] = {
    Type.TEXT: "text",
    Type.CODE: "text",
    Type.MONEY: "numeric(18,2)",
    Type.DECIMAL: "numeric(18,6)",
    Type.INTEGER: "integer",
    Type.DATE: "date",
    Type.TIMESTAMP: "timestamp",
    Type.BOOLEAN: "boolean",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one example: the letter the engine gave, and why if an error."""

    rule: Rule
    example: Example
    dialect: Dialect
    letter: str
    fault: str = ""

    @property
    def passed(self) -> bool:
        """Whether the example came out as it says."""
        return self.letter == LETTERS[self.example.expected]


def try_examples(
    catalogue: Catalogue, engine: Engine, only: frozenset[str] = frozenset()
) -> tuple[Outcome, ...]:
    """Run the examples of every rule, drafts included, on one engine.

    Args:
        catalogue: rules, lists and the base example.
        engine: where to run.
        only: rule ids to try; empty means all.

    Raises:
        ExpressionError: a condition is not in the language; check first.
    """
    rules = [
        awake(rule)
        for rule in catalogue.rules.values()
        if rule.examples and (not only or rule.id in only)
    ]
    rules.sort(key=lambda rule: (_kind(rule), rule.id))
    return tuple(
        outcome
        for _, group in groupby(rules, key=_kind)
        for outcome in _try_group(catalogue, list(group), engine)
    )


def awake(rule: Rule) -> Rule:
    """Return a rule as if on trial, so that drafts and retired ones compile too."""
    return replace(rule, status=Status.TRIAL)


def _kind(rule: Rule) -> tuple[str, str]:
    return (rule.subject, rule.schedule or "")


def _try_group(
    catalogue: Catalogue, rules: Sequence[Rule], engine: Engine
) -> Iterator[Outcome]:
    """Try rules in one statement; if it fails, one by one to find the culprit."""
    tried = [(rule, example) for rule in rules for example in rule.examples]
    statement = compile_rules(
        catalogue,
        [effective(rule) for rule in rules],
        subject=rules[0].subject,
        schedule=rules[0].schedule,
    )
    rows = [row_of(catalogue, rule, example) for rule, example in tried]
    sql = statement.sql(engine.dialect, incoming(statement, rows), Plan.GIVEN)
    try:
        found = {int(str(row[0])): str(row[2]) for row in engine.rows(sql)}
    except KuweiError as error:
        if len(rules) > 1:
            for rule in rules:
                yield from _try_group(catalogue, [rule], engine)
            return
        for rule, example in tried:
            yield _outcome(rule, example, engine, ERROR, error.message)
        return
    order = {one.rule.id: at for at, one in enumerate(statement.rules)}
    for seq, (rule, example) in enumerate(tried):
        yield _outcome(rule, example, engine, found[seq][order[rule.id]], "")


def _outcome(
    rule: Rule, example: Example, engine: Engine, letter: str, fault: str
) -> Outcome:
    return Outcome(
        rule=rule, example=example, dialect=engine.dialect, letter=letter, fault=fault
    )


def effective(rule: Rule) -> EffectiveRule:
    """Return a rule with its parameters at their defaults."""
    params = {name: param.default for name, param in rule.params.items()}
    return EffectiveRule(rule=rule, params=params)


def row_of(catalogue: Catalogue, rule: Rule, example: Example) -> dict[str, Value]:
    """Return an example's full row: the base example with its values laid over.

    A rule that is not asked at the base example's stage is asked at its own first.
    """
    row = {**catalogue.base_example}
    if rule.stages and row.get("stage") not in rule.stages:
        row["stage"] = rule.stages[0]
    return {**row, **example.given}


def incoming(statement: Statement, rows: Sequence[Mapping[str, Value]]) -> str:
    """Return a SELECT of ready-made rows for the GIVEN plan, numbered from 0.

    Values travel as texts and are cast in one place, so that a column of nulls
    has its type too. Derived names are computed from the row's own date. The text
    is good for every engine.
    """
    vocabulary = statement.catalogue.vocabulary
    wanted = [name for name in statement.operands if name not in vocabulary.derived]
    derived = [
        one for one in vocabulary.derived.values() if one.name in statement.operands
    ]
    inner = list(dict.fromkeys([*wanted, *(one.source for one in derived)]))
    lines = [
        f"({', '.join([str(seq), *(_text(row.get(name)) for name in inner)])})"
        for seq, row in enumerate(rows)
    ]
    heads = ", ".join(["seq", *(f'"{name}"' for name in inner)])
    casts = ", ".join(["v.seq", *(_cast(name, vocabulary) for name in inner)])
    outer = [f'p."{name}"' for name in wanted]
    outer += [f'{derived_sql(one, "p")} AS "{one.name}"' for one in derived]
    typed = f"SELECT {casts} FROM (VALUES {', '.join(lines)}) v({heads})"  # noqa: S608  # quoted
    return f"SELECT {', '.join(['p.seq', *outer])} FROM ({typed}) p"  # noqa: S608  # quoted


def _text(value: Value) -> str:
    if value is None:
        return "CAST(NULL AS text)"
    if isinstance(value, bool):
        return quote("true" if value else "false")
    if isinstance(value, dt.date | dt.datetime):
        return quote(value.isoformat())
    return quote(str(value))


def _cast(name: str, vocabulary: Vocabulary) -> str:
    kind = vocabulary.type_of(name)
    sql_type = _SQL_TYPES[kind] if kind is not None else "text"
    return f'CAST(v."{name}" AS {sql_type}) AS "{name}"'

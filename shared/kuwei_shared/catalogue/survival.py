"""Which mutants live: those that no example of their rule tells from the rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kuwei_shared.catalogue.engines import Engine
from kuwei_shared.catalogue.mutation import Mutant, mutants
from kuwei_shared.catalogue.trial import LETTERS, awake, effective, incoming, row_of
from kuwei_shared.rules.compiler import EffectiveRule, Statement, names_of
from kuwei_shared.rules.model import Catalogue, Rule
from kuwei_shared.rules.parser import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Toll:
    """What mutation did to one rule: how many mutants, and which survived."""

    rule: Rule
    made: int
    survivors: tuple[Mutant, ...]


def survivors(
    catalogue: Catalogue, engine: Engine, only: frozenset[str] = frozenset()
) -> Iterator[Toll]:
    """Yield every rule's toll; one statement runs all mutants of a rule."""
    for rule in catalogue.rules.values():
        if rule.examples and (not only or rule.id in only):
            yield _toll(catalogue, awake(rule), engine)


def _toll(catalogue: Catalogue, rule: Rule, engine: Engine) -> Toll:
    condition = parse(rule.when, names_of(rule, catalogue))
    made = tuple(mutants(condition, rule.params))
    statement = _statement(catalogue, rule, made)
    rows = [row_of(catalogue, rule, example) for example in rule.examples]
    ready = incoming(statement, rows)
    judged = statement.judged(engine.dialect, ready)
    sql = f"SELECT seq, outcomes FROM ({judged}) j"  # noqa: S608  # compiled, not typed
    found = {int(str(row[0])): str(row[1]) for row in engine.rows(sql)}
    expected = [LETTERS[example.expected] for example in rule.examples]
    alive = tuple(
        mutant
        for at, mutant in enumerate(made)
        if all(found[seq][at] == letter for seq, letter in enumerate(expected))
    )
    return Toll(rule=rule, made=len(made), survivors=alive)


def _statement(catalogue: Catalogue, rule: Rule, made: tuple[Mutant, ...]) -> Statement:
    """Compile the mutants as if each were a rule of its own."""
    named = [replace(rule, id=f"{rule.id}#{at}") for at in range(len(made))]
    standard = effective(rule).params
    return Statement(
        catalogue=catalogue,
        subject=rule.subject,
        rules=tuple(
            EffectiveRule(rule=one, params={**standard, **mutant.params})
            for one, mutant in zip(named, made, strict=True)
        ),
        trees={
            one.id: mutant.condition for one, mutant in zip(named, made, strict=True)
        },
    )

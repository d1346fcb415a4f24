"""The other engines, each in the two ways it can be used.

"Rule by rule" is one compiled expression per rule, as a catalogue is kept. "Packed"
is one expression holding all rules as a list, which saves converting the payment
once per rule; nobody could maintain it, but a generator could write it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import cel
import zen
from translate import Cel, Language, UntranslatableError, Zen

from kuwei_shared.rules.compiler import Statement

# Any: a payment as an engine takes it.
Facts = dict[str, Any]
Judge = Callable[[Facts], Sequence[bool]]
WORDS = "or"
"""Plain searches joined by or: several times faster than a pattern in both."""


def speaker(statement: Statement, language: type[Language]) -> Language:
    """Return a printer of the rules in another language."""
    fields = statement.catalogue.vocabulary.payment
    present = frozenset(name for name, field in fields.items() if field.required)
    return language(statement=statement, words=WORDS, present=present)


def sayable(statement: Statement) -> tuple[Statement, list[str]]:
    """Return the rules both languages can say, and the ids of those left out."""
    speakers = [speaker(statement, Zen), speaker(statement, Cel)]
    kept, left_out = [], []
    for one in statement.rules:
        try:
            for each in speakers:
                each.hit(one)
            kept.append(one)
        except UntranslatableError:
            left_out.append(one.rule.id)
    return replace(statement, rules=tuple(kept)), left_out


def rivals(statement: Statement) -> dict[str, Judge]:
    """Return name → judge: payment in, one boolean per rule out."""
    in_zen = [speaker(statement, Zen).hit(one) for one in statement.rules]
    in_cel = [speaker(statement, Cel).hit(one) for one in statement.rules]
    return {
        "zen rule by rule": _each([zen.compile_expression(e).evaluate for e in in_zen]),
        "zen packed": zen.compile_expression(_list(in_zen)).evaluate,
        "cel rule by rule": _each([cel.compile(e).execute for e in in_cel]),
        "cel rule by rule, shared context": _in_context(
            [cel.compile(e).execute for e in in_cel]
        ),
        "cel packed": cel.compile(_list(in_cel)).execute,
    }


def _list(conditions: Sequence[str]) -> str:
    return f"[{', '.join(conditions)}]"


def _each(programs: Sequence[Callable[[Facts], bool]]) -> Judge:
    return lambda facts: [program(facts) for program in programs]


def _in_context(programs: Sequence[Callable[[cel.Context], bool]]) -> Judge:
    def judge(facts: Facts) -> Sequence[bool]:
        context = cel.Context(variables=facts)
        return [program(context) for program in programs]

    return judge

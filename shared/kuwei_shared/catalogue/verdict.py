"""One rule judged on values a person wrote down: ``explain RULE --given FILE``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kuwei_shared.catalogue.aloud import OUTCOMES, show
from kuwei_shared.catalogue.document import parse
from kuwei_shared.catalogue.engines import Engine
from kuwei_shared.catalogue.form import Form, Notes
from kuwei_shared.catalogue.issues import Issue, refusal
from kuwei_shared.catalogue.rule_file import read_values
from kuwei_shared.catalogue.trial import LETTERS, effective, row_of, try_examples
from kuwei_shared.rules.compiler import names_of
from kuwei_shared.rules.explain import explanation
from kuwei_shared.rules.expression import names
from kuwei_shared.rules.model import Catalogue, Example, Expected, Rule, Value
from kuwei_shared.rules.parser import parse as parse_condition

_OTHER: dict[str, str] = {"-": "不适用", "!": "出错"}


def verdict(rule: Rule, catalogue: Catalogue, given: Path, engine: Engine) -> str:
    """Return what a rule says of the given values, and the values it read.

    Raises:
        KuweiError: the file is no YAML table of vocabulary names.
    """
    values = _given(given, catalogue)
    example = Example(case=given.name, expected=Expected.HIT, given=values)
    asked = replace(rule, examples=(example,))
    letter = try_examples(
        replace(catalogue, rules={rule.id: asked}), engine, frozenset({rule.id})
    )[0].letter
    row = row_of(catalogue, rule, example)
    words = {LETTERS[kind]: OUTCOMES[kind.value] for kind in Expected} | _OTHER
    read = [
        f"  {catalogue.vocabulary.label_of(name)}({name}):{show(row.get(name))}"
        for name in names(parse_condition(rule.when, names_of(rule, catalogue)))
        if not name.startswith("param.")
    ]
    said = explanation(effective(rule), row, catalogue.vocabulary)
    told = [f"  {said}"] if letter == LETTERS[Expected.HIT] else []
    return "\n".join([f"按 {given.name} 试算:{words[letter]}", *told, *read])


def _given(place: Path, catalogue: Catalogue) -> dict[str, Value]:
    node = parse(place.name, place.read_bytes())
    if isinstance(node, Issue):
        raise refusal([node])
    notes = Notes()
    values = read_values(Form(node, notes, node.place), catalogue.vocabulary)
    if notes.issues:
        raise refusal(notes.issues)
    return values

"""One rule file → Rule; one list file → NamedList; example values by vocabulary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kuwei_shared.catalogue.document import Node, Value
from kuwei_shared.catalogue.form import Form, Notes
from kuwei_shared.rules.model import (
    Basis,
    Dedupe,
    Direction,
    Example,
    Expected,
    ListKind,
    NamedList,
    Param,
    Policy,
    Rule,
    Schedule,
    Scope,
    Severity,
    Status,
)
from kuwei_shared.rules.vocabulary import PAYMENT, Type, Vocabulary


def read_rule(node: Node, vocabulary: Vocabulary, notes: Notes) -> Rule:
    """Return the rule a file states; wrong values become issues."""
    form = Form(node, notes, node.place)
    notes.rule = form.text("id")
    trigger = form.form("trigger")
    scheduled = trigger.has("schedule")
    return Rule(
        id=notes.rule,
        version=form.integer("version"),
        title=form.text("title"),
        status=form.choice("status", Status),
        severity=form.choice("severity", Severity),
        warn_type=form.text("warn_type"),
        basis=tuple(_basis(one) for one in form.forms("basis")),
        subject=form.text("subject", default=PAYMENT),
        stages=trigger.texts("stages"),
        schedule=trigger.choice("schedule", Schedule) if scheduled else None,
        scope=_scope(form.form("scope")),
        requires=form.texts("requires"),
        when=form.text("when"),
        params={
            name: _param(name, one) for name, one in form.form("params").named().items()
        },
        on_missing=form.choice("on_missing", Policy),
        on_error=form.choice("on_error", Policy),
        dedupe=_dedupe(form.form("dedupe")) if form.has("dedupe") else None,
        explain=form.text("explain"),
        review=form.text("review"),
        examples=tuple(_examples(form.form("examples"), vocabulary)),
    )


def read_list(node: Node, notes: Notes) -> NamedList:
    """Return the list a file states; wrong values become issues."""
    form = Form(node, notes, node.place)
    return NamedList(
        id=form.text("id"),
        title=form.text("title"),
        source=form.text("source"),
        kind=form.choice("kind", ListKind),
        entries=form.texts("entries"),
        friends=form.texts("friends"),
    )


def read_patterns(node: Node, notes: Notes) -> dict[str, str]:
    """Return pattern name → regular expression."""
    form = Form(node, notes, node.place)
    return {name: one.text("regex") for name, one in form.named().items()}


def read_values(form: Form, vocabulary: Vocabulary) -> dict[str, Value]:
    """Return example values by full name, typed by the vocabulary.

    ``contract: null`` stands for a missing row: every field of it is absent.
    """
    values: dict[str, Value] = {}
    for name in form.table:
        entity = vocabulary.entities.get(name)
        if entity and form.value(name) is None:
            values |= dict.fromkeys(f"{name}.{column}" for column in entity.fields)
            continue
        kind = vocabulary.type_of(name)
        if kind is None or name in vocabulary.derived:
            form.notes.add(
                form.place_of(name),
                f"示例给不了 {name} 的值。",
                "写词汇表中的名称;推算的字段改 vou_date 即可。",
            )
            continue
        values[name] = form.typed(name, kind)
    return values


def _basis(form: Form) -> Basis:
    return Basis(
        ref=form.text("ref"),
        document=form.text("document"),
        clause=form.text("clause"),
        text=form.text("text"),
        from_date=form.day("from"),
        until_date=form.day("until"),
    )


def _scope(form: Form) -> Scope:
    return Scope(
        levels=form.texts("levels"),
        fund_scopes=form.texts("fund_scopes"),
        pay_types=form.texts("pay_types"),
    )


def _dedupe(form: Form) -> Dedupe:
    return Dedupe(by=form.texts("by"), window=form.text("window"))


def _param(name: str, form: Form) -> Param:
    kind = form.choice("type", Type)
    return Param(
        name=name,
        type=kind,
        label=form.text("label"),
        default=form.typed("default", kind),
        minimum=form.typed("min", kind),
        maximum=form.typed("max", kind),
        tighten=form.choice("tighten", Direction) if form.has("tighten") else None,
    )


def _examples(form: Form, vocabulary: Vocabulary) -> Iterator[Example]:
    for expected in Expected:
        for one in form.forms(expected.value):
            given: Mapping[str, Value] = read_values(one.form("given"), vocabulary)
            yield Example(case=one.text("case"), expected=expected, given=given)

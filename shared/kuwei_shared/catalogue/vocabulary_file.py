"""vocabulary.yaml → Vocabulary."""

from __future__ import annotations

import re

from kuwei_shared.catalogue.document import Node
from kuwei_shared.catalogue.form import Form, Notes
from kuwei_shared.rules.functions import DERIVATIONS
from kuwei_shared.rules.vocabulary import (
    Bucket,
    Derived,
    Entity,
    Fact,
    Field,
    Measure,
    Type,
    Vocabulary,
)

_DERIVATION = re.compile(r"([a-z_]+)\(([a-z_]+)\)")


def read_vocabulary(node: Node, notes: Notes) -> Vocabulary:
    """Return the vocabulary a file states; wrong values become issues."""
    root = Form(node, notes, node.place)
    payment = root.form("payment")
    return Vocabulary(
        version=root.integer("version"),
        payment=_fields(payment.form("fields")),
        derived={
            name: _derived(name, form)
            for name, form in payment.form("derived").named().items()
        },
        entities={
            name: _entity(name, form)
            for name, form in root.form("entities").named().items()
        },
        facts={
            name: _fact(name, form) for name, form in root.form("facts").named().items()
        },
        subjects=root.texts("subjects"),
    )


def _fields(form: Form) -> dict[str, Field]:
    return {
        name: Field(
            name=name,
            type=one.choice("type", Type),
            label=one.text("label"),
            required=one.flag("required"),
            values={
                key: one.form("values").text(key) for key in one.form("values").table
            },
        )
        for name, one in form.named().items()
    }


def _derived(name: str, form: Form) -> Derived:
    match = _DERIVATION.fullmatch(form.text("from"))
    if match is None or match[1] not in DERIVATIONS:
        known = "、".join(sorted(DERIVATIONS))
        form.notes.add(
            form.place_of("from"),
            "推算方法不认识。",
            f"写成 函数(字段),函数限于 {known}。",
        )
    return Derived(
        name=name,
        type=form.choice("type", Type),
        label=form.text("label"),
        function=match[1] if match else "",
        source=match[2] if match else "",
    )


def _entity(name: str, form: Form) -> Entity:
    keys = form.form("keys")
    return Entity(
        name=name,
        label=form.text("label"),
        table=form.text("table", default=name),
        keys={column: keys.text(column) for column in keys.table},
        fields=_fields(form.form("fields")),
        subject_key=form.texts("subject_key"),
        subject_date=form.text("subject_date") if form.has("subject_date") else None,
    )


def _fact(name: str, form: Form) -> Fact:
    window = form.form("window")
    where = form.form("where")
    bucket = next((one for one in Bucket if window.has(one.value)), Bucket.ALL)
    return Fact(
        name=name,
        label=form.text("label"),
        measure=form.choice("measure", Measure),
        of=form.text("of") if form.has("of") else None,
        over=form.texts("over"),
        bucket=bucket,
        days=window.integer("days") if bucket is Bucket.DAYS else 0,
        include_current=form.text("current") == "include",
        where={key: where.texts(key) for key in where.table},
        positive_only=form.flag("where_positive"),
        of_original=form.flag("of_original"),
    )

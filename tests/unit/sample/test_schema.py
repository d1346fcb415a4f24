from __future__ import annotations

from kuwei_shared.rules.model import Catalogue
from kuwei_shared.rules.vocabulary import Type
from kuwei_shared.sample.schema import (
    ENTITY_FIELDS,
    PAYMENT_FIELDS,
    PAYMENT_SCHEMA,
    entity_schema,
)

ARROW = {
    Type.TEXT: "string",
    Type.CODE: "string",
    Type.MONEY: "decimal128(18, 2)",
    Type.INTEGER: "int64",
    Type.DECIMAL: "decimal128(9, 2)",
    Type.DATE: "date32[day]",
    Type.TIMESTAMP: "timestamp[us]",
    Type.BOOLEAN: "bool",
}


def test_payment_columns_are_the_vocabularys_in_its_order(standard: Catalogue) -> None:
    assert tuple(standard.vocabulary.payment) == PAYMENT_FIELDS


def test_payment_columns_have_the_vocabularys_types(standard: Catalogue) -> None:
    wanted = {n: ARROW[f.type] for n, f in standard.vocabulary.payment.items()}

    assert {f.name: str(f.type) for f in PAYMENT_SCHEMA} == wanted


def test_reference_tables_have_the_entities_columns_and_types(
    standard: Catalogue,
) -> None:
    for entity in standard.vocabulary.entities.values():
        schema = entity_schema(entity.table)
        for name, field in entity.fields.items():
            assert str(schema.field(name).type) == ARROW[field.type]


def test_every_table_is_an_entity_of_the_vocabulary(standard: Catalogue) -> None:
    tables = {entity.table for entity in standard.vocabulary.entities.values()}

    assert set(ENTITY_FIELDS) == tables

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import yaml

import kuwei_node.reference.models  # noqa: F401  # registers the tables
from kuwei_shared.db.base import NodeTable

ROOT = Path(__file__).parents[3]
VOCABULARY = yaml.safe_load(
    (ROOT / "rules-catalog" / "vocabulary.yaml").read_text("utf-8")
)
PYTHON = {
    "text": str,
    "code": str,
    "money": Decimal,
    "decimal": Decimal,
    "integer": int,
    "boolean": bool,
}


@pytest.mark.parametrize("entity", VOCABULARY["entities"])
def test_every_entity_has_its_table_with_every_field(entity: str) -> None:
    described = VOCABULARY["entities"][entity]

    table = NodeTable.metadata.tables[described.get("table", entity)]

    for name, field in described["fields"].items():
        kind = table.c[name].type.python_type
        assert kind is PYTHON.get(field["type"], kind), name


@pytest.mark.parametrize("entity", VOCABULARY["entities"])
def test_money_keeps_cents_up_to_eighteen_digits(entity: str) -> None:
    described = VOCABULARY["entities"][entity]
    table = NodeTable.metadata.tables[described.get("table", entity)]

    amounts = [n for n, f in described["fields"].items() if f["type"] == "money"]

    for name in amounts:
        assert str(table.c[name].type) == "NUMERIC(18, 2)"

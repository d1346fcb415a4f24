"""PostgreSQL by set and by index, DuckDB, file and interface: one outcome."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.dataset as ds
import pytest
from engines_lab import FilledNode, as_request, differences, in_force
from real_payments import CALDERDALE, HIMACHAL, needs_real_payments
from sqlalchemy import Engine

pytestmark = pytest.mark.integration
New = Callable[[], Engine]
REAL = {
    "himachal": (HIMACHAL, "*CTO00-*.csv"),
    "calderdale_cards": (CALDERDALE, "*card*.csv"),
    "calderdale_invoices": (CALDERDALE, "2019-0[1-4].csv"),
}
PROVINCE = "450000000"


@pytest.fixture(scope="module")
def filled(province: tuple[Path, ...], new_engine: New) -> list[FilledNode]:
    """Return the province's nodes, each with its year imported."""
    nodes = []
    for folder in province:
        node = FilledNode(new_engine(), in_force(alert_only=True))
        node.load(folder)
        payments = folder / "payments.parquet"
        divisions = ds.dataset(payments).to_table(["mof_div_code"])[0].unique()
        node.take_in("standard", divisions.to_pylist(), payments)
        nodes.append(node)
    return nodes


def test_an_import_and_a_second_screening_agree(filled: list[FilledNode]) -> None:
    for node in filled:
        assert differences(node, node.recorded(), node.probed()) == []


def test_postgresql_and_duckdb_agree(filled: list[FilledNode], tmp_path: Path) -> None:
    for node in filled:
        assert differences(node, node.recorded(), node.in_duckdb(tmp_path)) == []


def test_every_rule_has_been_put_to_the_question(filled: list[FilledNode]) -> None:
    letters = [
        {one for outcomes in node.recorded().values() for one in enumerate(outcomes)}
        for node in filled
    ]
    met = set().union(*letters)
    rules = filled[0].catalogues.now.realtime.rules

    unmet = [
        rule.rule.id for place, rule in enumerate(rules) if (place, "1") not in met
    ]
    assert unmet == []


def test_the_interface_and_the_file_agree(
    filled: list[FilledNode], province: tuple[Path, ...], new_engine: New
) -> None:
    for imported, folder in zip(filled, province, strict=True):
        online = FilledNode(new_engine(), in_force(alert_only=True))
        online.load(folder)
        rows = ds.dataset(folder / "payments.parquet").to_table().to_pylist()
        rows.sort(key=lambda row: row["vou_date"])
        for at in range(0, len(rows), 400):
            online.screen(*map(as_request, rows[at : at + 400]))

        assert differences(imported, imported.by_payment(), online.by_payment()) == []


@pytest.mark.realdata
@needs_real_payments
@pytest.mark.parametrize("profile", sorted(REAL))
def test_engines_agree_on_real_payments(
    new_engine: New, tmp_path: Path, profile: str
) -> None:
    folder, pattern = REAL[profile]
    node = FilledNode(new_engine(), in_force())
    node.take_in(profile, [PROVINCE], *sorted(folder.glob(pattern))[:8])
    recorded = node.recorded()

    assert len(recorded) > 500
    assert differences(node, recorded, node.probed()) == []
    assert differences(node, recorded, node.in_duckdb(tmp_path)) == []

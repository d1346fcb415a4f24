"""A node's database and an import service on it, with rules left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import embedded
import pytest
from intake_desk import COUNTY, Desk, Screened
from sqlalchemy import NullPool, create_engine, text

import kuwei_node.intake.models
import kuwei_node.payments.models
import kuwei_node.reference.models
import kuwei_node.screening.models  # noqa: F401  # these register the tables
from kuwei_node.intake.adapters import files, profiles
from kuwei_node.intake.service.imports import Intake
from kuwei_node.payments.service import Ledger
from kuwei_shared.catalogue.document import Node, parse
from kuwei_shared.catalogue.form import Notes
from kuwei_shared.catalogue.vocabulary_file import read_vocabulary
from kuwei_shared.db.base import NodeTable
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.rules.vocabulary import Vocabulary

ROOT = Path(__file__).parents[3]
_numbers = count(1)
TABLES = (
    "payment",
    "screening",
    "intake_import",
    "intake_file",
    "intake_batch",
    "intake_reject",
    "intake_order",
    "agency",
    "jurisdiction",
    "reference_load",
    "reference_reject",
)


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    path = ROOT / "rules-catalog" / "vocabulary.yaml"
    node = parse(path.name, path.read_bytes())
    assert isinstance(node, Node)
    return read_vocabulary(node, Notes())


@pytest.fixture
def desk(
    postgres: embedded.Postgres,
    vocabulary: Vocabulary,
) -> Iterator[Desk]:
    engine = create_engine(postgres.create(f"intake_{next(_numbers)}"))
    with engine.begin() as connection:
        connection.execute(text("CREATE SEQUENCE payment_seq"))
        tables = [NodeTable.metadata.tables[name] for name in TABLES]
        NodeTable.metadata.create_all(connection, tables=tables)
    clock, screened = SetClock(), Screened()
    aside = UnitOfWork(create_engine(engine.url, poolclass=NullPool))
    intake = Intake(
        clock=clock,
        words=lambda _: vocabulary,
        payments=Ledger(clock, aside),
        screening=screened,
        profiles=profiles.load,
        open_file=files.open_file,
    )
    yield Desk(UnitOfWork(engine), intake, screened)
    engine.dispose()


@pytest.fixture
def standard(tmp_path: Path) -> Callable[..., Path]:
    """Write a file in the standard layout, one row per amount."""

    def write(*amounts: str, name: str = "支付.csv", **columns: str) -> Path:
        row = {
            "payment_id": "P{n}",
            "stage": "voucher",
            "entry_kind": "normal",
            "mof_div_code": COUNTY,
            "fiscal_year": "2026",
            "vou_date": "2026-03-05",
            "agency_code": "A001",
            **columns,
        }
        lines = [",".join([*row, "pay_amt"])]
        for n, amount in enumerate(amounts, 1):
            cells = [cell.replace("{n}", str(n)) for cell in row.values()]
            lines.append(",".join([*cells, amount]))
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path

    return write

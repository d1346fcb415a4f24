"""``make docs``: pages written from the code, and the check that they still agree."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
import script_lab
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Numeric, String, Table

import kuwei_hub.settings
import kuwei_node.schema
import kuwei_node.settings

PAGES = {"conditions.md", "configuration.md", "schema-hub.md", "schema-node.md"}


@pytest.fixture
def documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program, its folder of pages empty."""
    program = script_lab.load("deploy/build/documents.py")
    monkeypatch.setattr(program, "DOCS", tmp_path)
    monkeypatch.setattr(sys, "argv", ["documents.py"])
    return program


def run(program: ModuleType, word: str) -> None:
    sys.argv[1:] = [word]
    program.main()


def test_pages_are_written_once_and_then_agree(
    documents: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(documents, "write")
    first = capsys.readouterr().out

    run(documents, "write")
    run(documents, "check")

    assert {path.name for path in tmp_path.iterdir()} == PAGES
    assert set(first.split()) == {f"docs/{name}" for name in PAGES}
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_that_differs_is_named_and_left_as_it_is(
    documents: ModuleType, tmp_path: Path, name: str
) -> None:
    run(documents, "write")
    (tmp_path / name).write_text("an older page")

    with pytest.raises(SystemExit, match=f"run `make docs`: {name} differ"):
        run(documents, "check")

    assert (tmp_path / name).read_text() == "an older page"


def test_a_page_that_is_missing_fails_the_check(
    documents: ModuleType, tmp_path: Path
) -> None:
    run(documents, "write")
    (tmp_path / "schema-hub.md").unlink()

    with pytest.raises(SystemExit, match=r"schema-hub\.md"):
        run(documents, "check")


def test_every_setting_of_both_services_is_on_the_page(documents: ModuleType) -> None:
    hub, node = documents.configuration().split("## Node")

    for part, service in ((hub, kuwei_hub.settings), (node, kuwei_node.settings)):
        for name in service.Settings.model_fields:
            assert f"| `KUWEI_{name.upper()}` |" in part


class Sample(BaseSettings):
    """Settings of every kind."""

    address: str = Field(description="数据库|地址")
    secret: SecretStr = SecretStr("never to be shown")
    names: tuple[str, ...] = ("a", "b")
    wait_s: float = Field(2.5, description="秒")


def test_a_setting_tells_its_default_but_no_secret(documents: ModuleType) -> None:
    lines = list(documents._settings(Sample))[2:]

    assert lines == [
        "| `KUWEI_ADDRESS` | **required** | 数据库\\|地址 |",
        "| `KUWEI_SECRET` | – |  |",
        '| `KUWEI_NAMES` | `["a", "b"]` |  |',
        "| `KUWEI_WAIT_S` | `2.5` | 秒 |",
    ]


def test_a_diagram_shows_tables_columns_keys_and_relations(
    documents: ModuleType,
) -> None:
    metadata = MetaData()
    Table("unit", metadata, Column("code", String(9), primary_key=True))
    Table(
        "bill",
        metadata,
        Column("seq", Integer, primary_key=True),
        Column("amount", Numeric(18, 2)),
        Column("unit", ForeignKey("unit.code")),
    )

    drawn = documents.schema("node", metadata).split("erDiagram\n")[1]

    assert "    unit {\n        varchar code PK\n    }" in drawn
    assert "        integer seq PK\n        numeric amount\n" in drawn
    assert '    unit ||--o{ bill : "unit"' in drawn


def test_every_table_of_the_node_is_in_its_diagram(documents: ModuleType) -> None:
    metadata = kuwei_node.schema.metadata()

    drawn = documents.schema("node", metadata)

    for table in metadata.tables:
        assert f"    {table} {{\n" in drawn

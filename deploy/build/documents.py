"""Pages that are written from the code, so that they cannot lie: ``make docs``.

documents.py write      rewrite them
documents.py check      fail if one differs from the code
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings
from sqlalchemy import ForeignKeyConstraint, MetaData, Table
from sqlalchemy.dialects import postgresql

import kuwei_hub.schema
import kuwei_hub.settings
import kuwei_node.schema
import kuwei_node.settings
from kuwei_shared.catalogue.checks.registry import read_schemas
from kuwei_shared.catalogue.loading import load
from kuwei_shared.catalogue.manual import manual

POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's
ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
CATALOGUE = ROOT / "rules-catalog"


def main() -> None:
    """Write or check every generated page."""
    pages = {
        "conditions.md": conditions(),
        "configuration.md": configuration(),
        "schema-hub.md": schema("hub", kuwei_hub.schema.metadata()),
        "schema-node.md": schema("node", kuwei_node.schema.metadata()),
    }
    stale = [
        name
        for name, text in pages.items()
        if not (DOCS / name).exists() or (DOCS / name).read_text() != text
    ]
    if sys.argv[1:] == ["check"] and stale:
        sys.exit(f"run `make docs`: {', '.join(stale)} differ from the code")
    for name in stale:
        (DOCS / name).write_text(pages[name])
        print(f"docs/{name}")


def conditions() -> str:
    """Return the page of the rule file and the condition language."""
    return manual(load(CATALOGUE), read_schemas(CATALOGUE)["rule"])


def configuration() -> str:
    """Return the page of settings."""
    parts = [
        "# Configuration\n",
        "Written by `make docs` from the settings classes. Each is an environment",
        "variable, read once and checked at start. Tuples are written as JSON lists.\n",
    ]
    for title, settings in (
        ("Hub", kuwei_hub.settings.Settings),
        ("Node", kuwei_node.settings.Settings),
    ):
        parts += [f"## {title} ({_title(settings)})\n", *_settings(settings), ""]
    return "\n".join(parts)


def schema(service: str, metadata: MetaData) -> str:
    """Return the page of a service's tables, as an entity-relationship diagram."""
    tables = metadata.sorted_tables
    lines = [
        f"# Tables of the {service}\n",
        "Written by `make docs` from the models. Columns of `payment` are the payment",
        "fields of `rules-catalog/vocabulary.yaml`.\n",
        "```mermaid",
        "erDiagram",
    ]
    for table in tables:
        lines += [f"    {table.name} {{", *_columns(table), "    }"]
    for table in tables:
        lines += _relations(table)
    return "\n".join([*lines, "```", ""])


def _title(settings: type[BaseSettings]) -> str:
    return f"`{settings.__module__}`"


def _settings(settings: type[BaseSettings]) -> Iterator[str]:
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for name, field in settings.model_fields.items():
        default = _default(field.default)
        meaning = (field.description or "").replace("|", "\\|")
        choices = [str(choice) for choice in get_args(field.annotation)]
        literal = all(isinstance(c, str) for c in get_args(field.annotation))
        if choices and literal:
            meaning = f"{' / '.join(choices)}。{meaning}"
        yield f"| `KUWEI_{name.upper()}` | {default} | {meaning} |"


def _default(value: object) -> str:
    if value is PydanticUndefined:
        return "**required**"
    if value in (None, "", ()) or "SecretStr" in type(value).__name__:
        return "–"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    return f"`{value}`"


def _columns(table: Table) -> Iterator[str]:
    for column in table.columns:
        kind = column.type.compile(POSTGRESQL).split("(")[0].lower().split(" ")[0]
        key = " PK" if column.primary_key else ""
        yield f"        {kind} {column.name}{key}"


def _relations(table: Table) -> Iterator[str]:
    keys = {
        (constraint.referred_table.name, ", ".join(constraint.column_keys))
        for constraint in table.constraints
        if isinstance(constraint, ForeignKeyConstraint)
    }
    for target, names in sorted(keys):
        yield f'    {target} ||--o{{ {table.name} : "{names}"'


if __name__ == "__main__":
    main()

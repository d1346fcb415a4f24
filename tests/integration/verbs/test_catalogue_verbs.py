"""A node's catalogue verbs, as an operator types them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import embedded
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine

from kuwei_node import schema
from kuwei_node.cli import verbs
from kuwei_shared.kernel.errors import KuweiError

pytestmark = pytest.mark.integration
Verb = Callable[..., Result]


@pytest.fixture
def operate(postgres: embedded.Postgres, tmp_path: Path) -> Verb:
    url = postgres.create("catalogue_verbs")
    engine = create_engine(url)
    schema.metadata().create_all(engine)
    engine.dispose()
    env = {
        "KUWEI_MODE": "development",
        "KUWEI_DATABASE_URL": url,
        "KUWEI_DATA_DIR": str(tmp_path / "node"),
    }

    def run(*arguments: str | Path) -> Result:
        typed = [str(argument) for argument in arguments]
        return CliRunner().invoke(verbs, ["catalogue", *typed], env=env)

    return run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root.json"
    path.write_bytes(b"{}")
    return path


def test_a_new_node_says_that_nothing_is_in_force(operate: Verb) -> None:
    result = operate("status")

    assert result.output == "现行:无(久未核实)\n"


def test_a_root_is_pinned_after_its_digest_was_compared(
    operate: Verb, root: Path
) -> None:
    digest = hashlib.sha256(root.read_bytes()).hexdigest()

    first = operate("pin", root, "--sha256", digest)
    second = operate("pin", root, "--sha256", digest)

    assert first.exit_code == 0
    assert isinstance(second.exception, KuweiError)
    assert second.exception.code == "root.pinned"


def test_a_root_with_another_digest_is_not_pinned(operate: Verb, root: Path) -> None:
    result = operate("pin", root, "--sha256", "0" * 64)

    assert isinstance(result.exception, KuweiError)
    assert result.exception.code == "root.mismatch"

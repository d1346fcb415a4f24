from __future__ import annotations

from pathlib import Path

import pytest

from kuwei_shared.catalogue.document import Node, parse
from kuwei_shared.catalogue.form import Notes
from kuwei_shared.catalogue.vocabulary_file import read_vocabulary
from kuwei_shared.rules.vocabulary import Field

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def payment_fields() -> dict[str, Field]:
    path = ROOT / "rules-catalog" / "vocabulary.yaml"
    node = parse(path.name, path.read_bytes())
    assert isinstance(node, Node)
    return dict(read_vocabulary(node, Notes()).payment)

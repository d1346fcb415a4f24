"""The guide leads somewhere: paths named in documents exist."""

from __future__ import annotations

import re

import pytest
from architecture import tree

DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "deploy/*.md", "rules-catalog/*.md")
    for path in tree.ROOT.glob(pattern)
)
FOLDERS = r"(?:hub|node|shared|protos|rules-catalog|deploy|docs|tests|requirements)"
PATH = re.compile(rf"`({FOLDERS}/[\w./-]+)`")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_a_document_names_exists(document: object) -> None:
    text = (tree.ROOT / str(document)).read_text()
    folder = (tree.ROOT / str(document)).parent

    gone = {name for name in PATH.findall(text) if not (tree.ROOT / name).exists()}
    gone |= {name for name in LINK.findall(text) if not (folder / name).exists()}

    assert not gone


def test_the_readme_leads_to_the_line_that_screens_in_two_hops() -> None:
    readme = (tree.ROOT / "README.md").read_text()

    row = re.search(r"a payment is screened.*?`([\w/.]+)` → `(\w+)\(\)`", readme)

    assert row is not None
    assert f"def {row[2]}(" in (tree.ROOT / row[1]).read_text()

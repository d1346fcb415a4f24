"""One request is one transaction: ADR 0003."""

from __future__ import annotations

import ast

from architecture import tree

COMMITS = "kuwei_shared.db.unit_of_work"


def test_only_the_unit_of_work_commits() -> None:
    found = {
        module.name
        for module in tree.product()
        if module.name != COMMITS
        for node in ast.walk(module.tree)
        if _is_commit(node)
    }

    assert not found, "commit belongs to kuwei_shared/db/unit_of_work.py alone"


def test_a_commit_elsewhere_would_be_seen() -> None:
    planted = ast.parse("def pay(session):\n    session.commit()\n")

    assert any(_is_commit(node) for node in ast.walk(planted))


def _is_commit(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "commit"
    )

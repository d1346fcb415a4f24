"""Authorisation cannot be forgotten: every store read demands a scope (ADR 0004)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from architecture import tree
from architecture.scope_exceptions import WITHOUT_SCOPE

SCOPE = "VisibleJurisdictions"


def test_every_store_read_demands_a_scope() -> None:
    found = {
        name
        for module in tree.product()
        for name in _unscoped(module)
        if name not in WITHOUT_SCOPE and module.name not in WITHOUT_SCOPE
    }

    assert not found, f"take a {SCOPE}, or argue in scope_exceptions.py"


def test_no_exception_outlives_its_reason() -> None:
    unscoped = {
        name
        for module in tree.product()
        for found in _unscoped(module)
        for name in (found, module.name)
    }

    assert set(WITHOUT_SCOPE) <= unscoped, "remove what needs no exception any more"


def test_a_read_without_scope_would_be_seen() -> None:
    planted = tree.Module(
        "kuwei_node.payments.store",
        "def latest(session: Session) -> list[Row]: ...\n"
        "def kept(session: Session, scope: VisibleJurisdictions) -> Row: ...\n"
        "def record(session: Session, row: Row) -> None: ...\n"
        "class Reader:\n"
        "    def one(self) -> Row: ...\n"
        "    def _own(self) -> Row: ...\n",
    )

    found = set(_unscoped(planted))

    assert found == {
        "kuwei_node.payments.store.latest",
        "kuwei_node.payments.store.Reader.one",
    }


def _unscoped(module: tree.Module) -> Iterator[str]:
    """Yield the store's public functions that return something to just anyone."""
    if module.feature is None or module.feature[2] != "store":
        return
    for name, function in tree.functions(module):
        private = any(word.startswith("_") for word in name.split("."))
        if not private and _returns(function) and not _is_scoped(function):
            yield f"{module.name}.{name}"


def _returns(function: tree.Function) -> bool:
    answer = function.returns
    return not (isinstance(answer, ast.Constant) and answer.value is None)


def _is_scoped(function: tree.Function) -> bool:
    arguments = (*function.args.args, *function.args.kwonlyargs)
    return any(
        argument.annotation is not None and SCOPE in ast.unparse(argument.annotation)
        for argument in arguments
    )

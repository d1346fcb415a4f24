"""Habits no linter checks the way the house style says them."""

from __future__ import annotations

import ast
import re

from architecture import tree

# A task or process that must go on after any failure, each with its reason.
BROAD_EXCEPT: dict[str, str] = {
    "kuwei_shared.rpc.edge": "the gRPC edge: a bug leaves as a reference number",
    "kuwei_node.schedule.tasks": "a worker's edge: why a run failed stays with the run",
    "kuwei_node.worker": "a worker's edge: Celery would repeat an error's text",
    "kuwei_node.uplink.tasks.process": "a thread's edge: no line dies unseen",
    "kuwei_node.catalogue.tasks": "a thread's edge: looking for releases goes on",
}

READS_ENVIRONMENT = re.compile(r"\bos\.(environ|getenv)\b")
TODO = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
TODO_FORM = re.compile(r"# TODO\(#\d+\): \S.*[.。]$")
IGNORE = re.compile(r"#\s*(type: ignore|noqa)")
IGNORE_FORM = re.compile(r"# (type: ignore\[[\w, -]+\]|noqa: [A-Z0-9, ]+)  # \S")


def test_settings_alone_read_the_environment() -> None:
    found = {
        f"{module.name}:{number}"
        for module in tree.product()
        if not module.name.endswith(".settings")
        for number, line in enumerate(module.lines, 1)
        if READS_ENVIRONMENT.search(line)
    }

    assert not found


def test_a_todo_names_its_issue() -> None:
    here = {__name__.rpartition(".")[2]}
    found = {
        f"{module.name}:{number}"
        for module in tree.product() + tree.tests()
        if module.name.rpartition(".")[2] not in here
        for number, line in enumerate(module.lines, 1)
        if TODO.search(line) and not TODO_FORM.search(line.strip())
    }

    assert not found, "TODO(#issue): sentence."


def test_every_ignore_is_argued_on_its_line() -> None:
    here = {__name__.rpartition(".")[2]}
    found = {
        f"{module.name}:{number}"
        for module in tree.product() + tree.tests()
        if module.name.rpartition(".")[2] not in here
        for number, line in enumerate(module.lines, 1)
        if IGNORE.search(line) and not IGNORE_FORM.search(line)
    }

    assert not found, "name the code, then say why: `# noqa: X123  # because …`"


def test_nothing_catches_every_exception_but_the_edges() -> None:
    found = {
        module.name
        for module in tree.product()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node)
    }

    assert found == set(BROAD_EXCEPT)


def _is_broad(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    reraises = any(isinstance(node, ast.Raise) for node in ast.walk(handler))
    caught = ast.unparse(handler.type)
    return caught in {"Exception", "BaseException"} and not reraises

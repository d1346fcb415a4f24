"""Budgets: what does not fit in a head does not fit in a file."""

from __future__ import annotations

import ast

from architecture import tree

MODULE_LINES = 400
TEST_MODULE_LINES = 500
FUNCTION_LINES = 60
TEST_LINES = 20
TEMPLATE_LINES = 200
DOCSTRING_LINES = 8


def test_modules_stop_at_400_lines() -> None:
    found = {m.name: len(m.lines) for m in tree.product()}

    assert not {name: n for name, n in found.items() if n > MODULE_LINES}


def test_test_modules_stop_at_500_lines() -> None:
    found = {m.name: len(m.lines) for m in tree.tests()}

    assert not {name: n for name, n in found.items() if n > TEST_MODULE_LINES}


def test_functions_stop_at_60_lines() -> None:
    found = {
        f"{module.name}.{name}": _length(function)
        for module in tree.product() + tree.tests()
        for name, function in tree.functions(module)
    }

    assert not {name: n for name, n in found.items() if n > FUNCTION_LINES}


def test_a_test_is_read_in_20_lines() -> None:
    found = {
        f"{module.name}.{name}": _length(function)
        for module in tree.tests()
        for name, function in tree.functions(module)
        if name.startswith("test_")
    }

    assert not {name: n for name, n in found.items() if n > TEST_LINES}


def test_pages_stop_at_200_lines() -> None:
    found = {
        str(path.relative_to(tree.ROOT)): len(path.read_text().splitlines())
        for folder in tree.PACKAGES.values()
        for path in folder.rglob("*.html")
    }

    assert not {name: n for name, n in found.items() if n > TEMPLATE_LINES}


def test_every_module_says_what_it_is_for_in_eight_lines() -> None:
    found = {
        module.name: len((ast.get_docstring(module.tree) or "").splitlines())
        for module in tree.product()
    }

    assert not {n: k for n, k in found.items() if not 1 <= k <= DOCSTRING_LINES}


def _length(function: tree.Function) -> int:
    """Count a function's lines from ``def`` on; decorators hold tables."""
    return (function.end_lineno or function.lineno) - function.lineno + 1

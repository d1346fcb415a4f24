"""Every detail the audit log keeps has a Chinese name on its page."""

from __future__ import annotations

import ast

from architecture import tree

from kuwei_shared.web.auditing import DETAILS


def test_every_recorded_detail_has_a_chinese_name() -> None:
    recorded = {
        word.arg
        for module in tree.product()
        for call in ast.walk(module.tree)
        if isinstance(call, ast.Call) and _is_act(call)
        for word in call.keywords
        if word.arg is not None
    }

    assert {"by", "param", "rows"} <= recorded, "acts are found at all"
    assert recorded <= set(DETAILS)


def _is_act(call: ast.Call) -> bool:
    """Whether a call writes the audit log: at a page's desk, or by a verb."""
    said = ast.unparse(call.func)
    is_verbs = bool(call.args) and ast.unparse(call.args[0]) == "built.audit"
    return said == "desk.record" or (said == "record" and is_verbs)

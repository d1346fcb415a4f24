"""A catalogue of one rule, to be spoiled one line at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kuwei_shared.catalogue.checks.registry import CHECKS, read_schemas, run_checks
from kuwei_shared.catalogue.issues import Issue
from kuwei_shared.catalogue.loading import read

ROOT = Path(__file__).parents[3] / "rules-catalog"

RULE = """\
id: GX-U10
version: 1
title: 大额支付
status: stable
severity: yellow
warn_type: volume
basis:
  - {ref: GX-9.1.10, document: 办法, clause: 第九条, text: 单笔, from: 2012-01-01}
trigger: {stages: [request, voucher]}
scope: {levels: [county]}
requires: [pay_amt]
when: >-
  pay_amt >= param.limit
  and one_of(set_mode_code, list.modes) and matches(use_des, pattern.two)
params:
  limit: {type: money, label: 标准, default: 2000.00, min: 1000.00, tighten: down}
on_missing: pass
on_error: pass
explain: 支付 {pay_amt} 元,达到 {param.limit} 元。
review: 向单位电话核实。
examples:
  hit:
    - {case: 恰为标准, given: {pay_amt: 2000.00}}
  clear:
    - {case: 差一分, given: {pay_amt: 1999.99}}
  undetermined:
    - {case: 结算方式缺失, given: {set_mode_code: null}}
    - {case: 用途缺失, given: {use_des: null}}
"""
LIST = """\
id: modes
title: 转账方式
source: 财政代码集
kind: codes
entries: ["1", "3"]
"""
PATTERNS = """\
two: {regex: "^..", label: 两字以上}
"""

Files = dict[str, bytes]


@pytest.fixture
def files() -> Files:
    """A small catalogue without a fault."""
    shared = ("catalogue.yaml", "vocabulary.yaml", "examples/base.yaml")
    return {path: (ROOT / path).read_bytes() for path in shared} | {
        "rules/gx/GX-U10.yaml": RULE.encode(),
        "lists/modes.yaml": LIST.encode(),
        "patterns.yaml": PATTERNS.encode(),
    }


@pytest.fixture
def folder(files: Files, tmp_path: Path) -> Path:
    """The small catalogue in a folder."""
    root = tmp_path / "catalogue"
    for path, data in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return root


Spoil = Callable[..., list[Issue]]


@pytest.fixture
def spoilt(files: Files) -> Spoil:
    """Replace a piece of a file, check, and return the issues."""

    def check(
        old: str = "",
        new: str = "",
        path: str = "rules/gx/GX-U10.yaml",
        also: tuple[str, str] = ("", ""),
    ) -> list[Issue]:
        text = files[path].decode()
        assert old in text, f"nothing to spoil: {old}"
        text = text.replace(old, new, 1).replace(*also, 1)
        spoiled = files | {path: text.encode()}
        wanted = tuple(one for one in CHECKS if not one.id.startswith("coverage"))
        return list(run_checks(read(spoiled), read_schemas(ROOT), wanted))

    return check

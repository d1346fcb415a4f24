"""What pydantic finds wrong with input, said in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FAULTS: dict[str, str] = {
    "missing": "缺少此项",
    "int_parsing": "须为整数",
    "int_from_float": "须为整数",
    "greater_than_equal": "不能小于 {ge}",
    "greater_than": "须大于 {gt}",
    "less_than_equal": "不能大于 {le}",
    "less_than": "须小于 {lt}",
    "string_too_short": "不能少于 {min_length} 个字",
    "string_too_long": "不能多于 {max_length} 个字",
    "string_pattern_mismatch": "写法不符合要求",
    "too_short": "不能少于 {min_length} 项",
    "too_long": "不能多于 {max_length} 项",
    "extra_forbidden": "不认识此项",
    "literal_error": "须为 {expected}",
    "float_parsing": "须为数字",
    "decimal_parsing": "须为数字",
    "bool_parsing": "须为 true 或 false",
    "json_invalid": "不是有效的 JSON",
}
"""What pydantic calls a fault → what a person is told; others keep its own words."""


def in_chinese(fault: Mapping[str, Any]) -> str:
    """Return what is wrong with a field (Any: as pydantic reports it)."""
    known = FAULTS.get(fault["type"])
    return known.format(**fault.get("ctx", {})) if known else str(fault["msg"])

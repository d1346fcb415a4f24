"""A deviation from a JSON Schema in the words of whoever writes the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import jsonschema

from kuwei_shared.rules.naming import nearest

Error = jsonschema.ValidationError

_KEY = re.compile(r"'(.+?)'")
_TYPES: Mapping[str, str] = {
    "string": "文字(数字样的代码和日期以外的写法加引号)",
    "integer": "整数",
    "number": "数",
    "boolean": "true 或 false",
    "array": "列表,如 [a, b]",
    "object": "“键: 值”的表",
    "null": "null",
}


def worded(error: Error, schema: str) -> tuple[str, str]:
    """Return what deviates, and what to write instead."""
    say = _SAID.get(str(error.validator))
    where = ".".join(map(str, error.absolute_path))
    said, remedy = say(error) if say else ("不合模板", "")
    return f"{where}:{said}。" if where else f"{said}。", (
        f"{remedy}。" if remedy else ""
    ) + f"见 schema/{schema}.json。"


def concerns(error: Error) -> tuple[str | int, ...]:
    """Return the keys that lead to what deviates: an unknown key, or the value."""
    path = tuple(error.absolute_path)
    extra = _extra(error) if error.validator == "additionalProperties" else []
    return (*path, *extra[:1])


def _required(error: Error) -> tuple[str, str]:
    found = _KEY.search(error.message)
    key = found[1] if found else "?"
    return f"缺少必填的键 {key}", f"补上 {key}"


def _additional(error: Error) -> tuple[str, str]:
    extra = _extra(error)
    known = _known(error)
    near = list(dict.fromkeys(one for key in extra for one in nearest(key, known)))
    offer = f"是否 {'、'.join(near)}" if near else f"可用的键:{'、'.join(known)}"
    return f"有不认识的键 {'、'.join(extra)}", offer


def _extra(error: Error) -> list[str]:
    known = _known(error)
    return sorted(key for key in _mapping(error.instance) if key not in known)


def _known(error: Error) -> list[str]:
    return list(_mapping(_mapping(error.schema).get("properties")))


def _enum(error: Error) -> tuple[str, str]:
    return f"没有取值 {error.instance}", f"写 {'、'.join(_several(error))} 之一"


def _type(error: Error) -> tuple[str, str]:
    kinds = [_TYPES.get(kind, kind) for kind in _several(error)]
    return "类型不对", f"写成{'或'.join(kinds)}"


def _pattern(error: Error) -> tuple[str, str]:
    return f"“{error.instance}”不合写法", f"须合 {error.validator_value}"


def _bound(said: str, remedy: str) -> Callable[[Error], tuple[str, str]]:
    return lambda error: (said, remedy.format(error.validator_value))


def _several(error: Error) -> list[str]:
    """Return what the schema allows, be it one thing or a list."""
    allowed: object = error.validator_value
    return [str(one) for one in (allowed if isinstance(allowed, list) else [allowed])]


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


_SAID: Mapping[str, Callable[[Error], tuple[str, str]]] = {
    "required": _required,
    "additionalProperties": _additional,
    "enum": _enum,
    "type": _type,
    "pattern": _pattern,
    "const": _bound("取值不对", "须是 {}"),
    "minLength": _bound("太短", "至少 {} 字"),
    "maxLength": _bound("太长", "至多 {} 字"),
    "minItems": _bound("项数不够", "至少 {} 项"),
    "maxItems": _bound("项数过多", "至多 {} 项"),
    "minProperties": _bound("键太少", "至少 {} 个键"),
    "maxProperties": _bound("键太多", "至多 {} 个键"),
    "uniqueItems": _bound("有重复的项", "删去重复的"),
    "minimum": _bound("数太小", "不小于 {}"),
    "maximum": _bound("数太大", "不大于 {}"),
}

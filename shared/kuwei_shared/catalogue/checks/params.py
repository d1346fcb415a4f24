"""Parameters are used, within their bounds, and tighten the way the rule works."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal

from kuwei_shared.catalogue.checks.study import Case, RuleCheck
from kuwei_shared.catalogue.issues import Issue
from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.model import Direction, Param, Value
from kuwei_shared.rules.vocabulary import Sort

_ORDERED = frozenset({Sort.NUMBER, Sort.DATE})


class IsUsed(RuleCheck):
    """Every parameter is used by the condition."""

    id = "param.used"
    says = "参数都被条件使用。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield idle parameters."""
        for name in case.rule.params if case.tree is not None else ():
            if f"param.{name}" not in case.names:
                yield case.issue(
                    self.id, ("params", name), f"参数 {name} 未被条件使用。", "删去它。"
                )


class IsWithinBounds(RuleCheck):
    """A parameter has a default, and its bounds hold it between them."""

    id = "param.bounds"
    says = "参数有默认值,且在上下限之间。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield defaults outside their bounds."""
        for name, param in case.rule.params.items():
            keys = ("params", name, "default")
            if param.default is None:
                yield case.issue(
                    self.id, keys, f"参数 {name} 没有默认值。", "写上默认值。"
                )
            elif not _at_most(param.minimum, param.default) or not _at_most(
                param.default, param.maximum
            ):
                yield case.issue(
                    self.id,
                    keys,
                    f"参数 {name} 的默认值 {param.default} 不在上下限之间。",
                    "改默认值或上下限。",
                )


class TightensSanely(RuleCheck):
    """Bounds come with a direction, leave room in it, and the condition agrees."""

    id = "param.tighten"
    says = "上下限与可调方向相合,且调的方向是收紧。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield parameters that cannot be tuned as they say."""
        for name, param in case.rule.params.items():
            fault = _tuning_fault(param) or _sense_fault(param, case.tree)
            if fault is not None:
                message, remedy = fault
                yield case.issue(
                    self.id, ("params", name), f"参数 {name} {message}", remedy
                )


def _at_most(low: Value, high: Value) -> bool:
    match low, high:
        case (int() | Decimal(), int() | Decimal()):
            return low <= high
        case dt.date(), dt.date():
            return low <= high
        case _:
            return True


def _tuning_fault(param: Param) -> tuple[str, str] | None:
    bounded = param.minimum is not None or param.maximum is not None
    if param.tighten is None:
        return ("有上下限而无 tighten。", "写明可调方向。") if bounded else None
    if param.type.sort not in _ORDERED:
        return "不是数或日期,没有松紧。", "去掉 tighten。"
    if not bounded:
        return "可调而无上下限。", "写上 min、max。"
    room_up = param.maximum is not None and param.maximum != param.default
    room_down = param.minimum is not None and param.minimum != param.default
    match param.tighten:
        case Direction.UP if room_down or not room_up:
            return "只可调高,上下限却不是默认值以上。", "min 取默认值,max 取更高。"
        case Direction.DOWN if room_up or not room_down:
            return "只可调低,上下限却不是默认值以下。", "max 取默认值,min 取更低。"
        case Direction.BOTH if not (room_up or room_down):
            return "可调,却没有余地。", "放宽上下限,或去掉 tighten。"
    return None


def _sense_fault(param: Param, condition: tree.Node | None) -> tuple[str, str] | None:
    if condition is None or param.tighten in {None, Direction.BOTH}:
        return None
    signs = _signs(condition, f"param.{param.name}", 1)
    loosening = 1 if param.tighten is Direction.DOWN else -1
    if signs == {loosening}:
        return "按此方向调,命中只会变少,是放松不是收紧。", "把 tighten 改成另一方向。"
    return None


# Whether more hits follow from raising the left and the right side.
_WAYS: Mapping[str, tuple[int, int]] = {
    ">": (1, -1),
    ">=": (1, -1),
    "<": (-1, 1),
    "<=": (-1, 1),
    "+": (1, 1),
    "-": (1, -1),
}


def _signs(node: tree.Node | tree.Reference, name: str, sign: int) -> set[int]:
    """Return whether raising a parameter adds (1) or removes (-1) hits; 0 unclear."""
    match node:
        case tree.Name(path):
            return {sign} if path == name else set()
        case tree.Compare(op, left, right) | tree.Arithmetic(op, left, right):
            ways = _WAYS.get(op, (0, 0))
            here = _signs(left, name, sign * ways[0])
            return here | _signs(right, name, sign * ways[1])
        case tree.Between(term, low, high):
            unclear = _signs(term, name, 0)
            return unclear | _signs(low, name, -sign) | _signs(high, name, sign)
        case tree.Logic(_, terms):
            return set().union(*(_signs(term, name, sign) for term in terms))
        case tree.Not(term):
            return _signs(term, name, -sign)
        case _:
            parts = tree.children(node)
            return set().union(*(_signs(part, name, 0) for part in parts))

"""Which reference entities there are, what tells their rows apart, what changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.rules.vocabulary import Field, Type, Vocabulary

ALWAYS_FROM = dt.date(1, 1, 1)
ALWAYS_TO = dt.date(9999, 12, 31)
KNOWN_FOREVER = 9_223_372_036_854_775_807

KEYS: Mapping[str, tuple[str, ...]] = {
    "jurisdiction": ("mof_div_code",),
    "agency": ("agency_code",),
    "account": ("acct_no",),
    "appropriation": ("bgt_id",),
    "cash_plan": ("bgt_id", "plan_month"),
    "project": ("pro_code",),
    "contract": ("contract_no",),
    "official_card": ("card_no",),
    "bank": ("bank_code",),
    "account_day": ("acct_no", "balance_date"),
    "bank_report": ("report_id",),
}
"""Table → the columns that identify what a row is about, in loading order."""

PLAIN_FACTS = frozenset({"account_day", "bank_report"})
"""Tables of dated reports: no validity, a later report replaces an earlier."""

WITHOUT_DIVISION = frozenset({"bank", "jurisdiction"})
"""Tables whose rows belong to no one bureau, or name it themselves."""


REPEATED, INVERTED = "reference.repeated", "reference.validity"
ELSEWHERE = "reference.elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """Why a row was refused beside what is known.

    Attributes:
        code: the code another division uses; empty for other reasons.
        owner: that division.
    """

    reason: str
    code: str = ""
    owner: str = ""

    def said(self, line: int) -> str:
        """Return the refusal of a line, with the remedy."""
        match self.reason:
            case "reference.elsewhere":
                return (
                    f"第 {line} 行:代码 {self.code} 已由区划 {self.owner} 使用,"
                    "本节点按代码认单位、指标与账户;请改用本区划自己的代码,"
                    "确已划转的加 --hand-over 再导入。"
                )
            case "reference.validity":
                return f"第 {line} 行:有效期止不晚于有效期起,请改正。"
            case _:
                return f"第 {line} 行:与本次前面的行重复,请删去其一。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What applying a batch of reference rows did.

    Attributes:
        known_from: payment sequence number from which it counts.
        rejected: line numbers refused → why.
    """

    known_from: int
    added: int
    closed: int
    unchanged: int
    rejected: Mapping[int, Reject]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Outcome of one load.

    Attributes:
        notices: why rows were refused beside what is known, the first ones.
    """

    load_id: int
    entity: str
    read: int
    added: int
    closed: int
    unchanged: int
    rejected: int
    notices: tuple[str, ...] = ()


class Named(NamedTuple):
    """What a payment names that belongs to one division, on the payment's day."""

    agency_code: str
    bgt_id: str | None
    day: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a payment names that belongs to a division outside the caller's scope.

    Attributes:
        place: which of the payments.
        field: ``agency_code`` or ``bgt_id``.
    """

    place: int
    field: str
    code: str


_FOREIGN = {"agency_code": "预算单位", "bgt_id": "预算指标"}


def foreign_refused(payment_id: str, found: Foreign) -> KuweiError:
    """Return the refusal of a payment on another division's account."""
    return KuweiError(
        "scope.foreign",
        f"支付 {payment_id} 的{_FOREIGN[found.field]} {found.code} 属于其他区划,"
        f"不在您的管辖范围内;请核对 {found.field} 后重报,"
        "参照数据有误的请财政部门更正。",
        kind=Kind.DENIED,
        details={"payment_id": payment_id, "field": found.field},
    )


def require(entity: str) -> str:
    """Return a table name, or refuse one that is none.

    Raises:
        KuweiError: ``reference.unknown``.
    """
    if entity not in KEYS:
        raise KuweiError(
            "reference.unknown",
            f"没有名为 {entity} 的参照数据;可用:{'、'.join(KEYS)}。",
            kind=Kind.MISSING,
        )
    return entity


def fields_of(vocabulary: Vocabulary, entity: str) -> dict[str, Field]:
    """Return the columns a file of an entity may have, key columns required."""
    fields: dict[str, Field] = {}
    for described in vocabulary.entities.values():
        if described.table == entity:
            fields.update(described.fields)
    if entity not in WITHOUT_DIVISION:
        fields.setdefault("mof_div_code", _field("mof_div_code", Type.CODE, "财政区划"))
    if entity not in PLAIN_FACTS:
        fields["valid_from"] = _field("valid_from", Type.DATE, "有效期起")
        fields["valid_to"] = _field("valid_to", Type.DATE, "有效期止")
    needed = {*KEYS[entity], *({"due_date"} & set(fields))}
    return {
        name: replace(field, required=name in needed) for name, field in fields.items()
    }


def _field(name: str, kind: Type, label: str) -> Field:
    return Field(name=name, type=kind, label=label)

"""The posts of the founding documents, and which one person may not combine.

WL-5 names the monitoring post, WL-16 to WL-18 the divisions a lead passes through;
MF-18 asks that incompatible duties stay separated even where staff is short:
a token carrying both of a pair is refused at the door.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import combinations

from kuwei_shared.kernel.errors import Kind, KuweiError


class Role(StrEnum):
    """A post; the value is the role's name in the realm and in tokens."""

    MONITOR = "monitor"
    REVIEWER = "reviewer"
    BUDGET_DIVISION = "budget-division"
    INSPECTION_DIVISION = "inspection-division"
    LEADER = "leader"
    AGENCY_USER = "agency-user"
    DEPARTMENT_USER = "department-user"
    BANK_USER = "bank-user"
    DATA_STEWARD = "data-steward"
    RULE_DRAFTER = "rule-drafter"
    RULE_APPROVER = "rule-approver"
    ASSESSOR = "assessor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    PAYMENT_SYSTEM = "payment-system"


TITLES: dict[Role, str] = {
    Role.MONITOR: "监控岗",
    Role.REVIEWER: "复核岗",
    Role.BUDGET_DIVISION: "部门预算管理处室",
    Role.INSPECTION_DIVISION: "监督检查处室",
    Role.LEADER: "分管领导",
    Role.AGENCY_USER: "预算单位",
    Role.DEPARTMENT_USER: "主管部门",
    Role.BANK_USER: "代理银行",
    Role.DATA_STEWARD: "数据管理岗",
    Role.RULE_DRAFTER: "规则起草岗",
    Role.RULE_APPROVER: "规则审批岗",
    Role.ASSESSOR: "考核岗",
    Role.AUDITOR: "内控审计岗",
    Role.ADMINISTRATOR: "系统管理员",
    Role.PAYMENT_SYSTEM: "支付系统(机器)",
}

OUTSIDE = frozenset({Role.AGENCY_USER, Role.DEPARTMENT_USER, Role.BANK_USER})
MACHINES = frozenset({Role.PAYMENT_SYSTEM})
ALONE = frozenset({Role.AUDITOR, Role.ADMINISTRATOR}) | MACHINES
"""Roles that combine with no other: who watches the staff is not the staff."""

_PAIRS = frozenset(
    frozenset(pair)
    for pair in (
        (Role.MONITOR, Role.REVIEWER),
        (Role.MONITOR, Role.INSPECTION_DIVISION),
        (Role.RULE_DRAFTER, Role.RULE_APPROVER),
        (Role.DATA_STEWARD, Role.MONITOR),
        (Role.DATA_STEWARD, Role.REVIEWER),
        (Role.LEADER, Role.MONITOR),
        (Role.LEADER, Role.RULE_DRAFTER),
    )
)


def incompatible(roles: Iterable[Role]) -> list[tuple[Role, Role]]:
    """Return every pair in a set of roles that one person may not hold."""
    pairs = combinations(sorted(set(roles)), 2)
    return [(a, b) for a, b in pairs if _clash(a, b)]


def require_compatible(roles: Iterable[Role]) -> None:
    """Refuse a combination of roles that breaks separation of duties (MF-18).

    Raises:
        KuweiError: ``identity.incompatible_roles``, naming the first pair.
    """
    clashes = incompatible(roles)
    if clashes:
        first, second = clashes[0]
        raise KuweiError(
            "identity.incompatible_roles",
            f"账号同时具有不相容岗位「{TITLES[first]}」与「{TITLES[second]}」,"
            "请系统管理员调整岗位后重新登录。",
            kind=Kind.DENIED,
            details={"first": first.value, "second": second.value},
        )


def _clash(a: Role, b: Role) -> bool:
    alone = a in ALONE or b in ALONE
    mixed = (a in OUTSIDE) != (b in OUTSIDE)
    return alone or mixed or frozenset((a, b)) in _PAIRS

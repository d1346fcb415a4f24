"""Which post may do what; the one table every check reads.

A permission is a verb the business says. Pages hide what is not permitted, and
the edge refuses it again: hiding is courtesy, ``require`` is the lock.
"""

from __future__ import annotations

from enum import StrEnum

from kuwei_shared.identity.principal import Principal
from kuwei_shared.identity.roles import OUTSIDE, TITLES, Role
from kuwei_shared.kernel.errors import Kind, KuweiError


class Permission(StrEnum):
    """An act that needs a post."""

    SEE_PAGES = "查看页面"
    SEE_PAYMENTS = "查看支付明细"
    DECIDE_HELD = "放行或拒绝暂缓支付"
    IMPORT_FILES = "导入文件"
    TUNE_RULES = "调整规则参数"
    APPROVE_TUNING = "审批参数调整与恢复熔断规则"
    DRAFT_RULES = "起草规则"
    APPROVE_RULES = "审批与发布规则"
    MANAGE_FLEET = "管理节点接入"
    APPROVE_REINSTATEMENT = "批准恢复节点"
    EXPORT_TABLES = "导出表格"
    SEE_AUDIT = "查看审计日志"
    SCREEN_PAYMENTS = "提交支付审核"


_STAFF = frozenset(Role) - OUTSIDE - {Role.PAYMENT_SYSTEM}
_BUSINESS = _STAFF - {Role.ADMINISTRATOR}

GRANTS: dict[Permission, frozenset[Role]] = {
    Permission.SEE_PAGES: _STAFF,
    Permission.SEE_PAYMENTS: _BUSINESS - {Role.RULE_DRAFTER, Role.RULE_APPROVER},
    Permission.DECIDE_HELD: frozenset({Role.REVIEWER, Role.LEADER}),
    Permission.IMPORT_FILES: frozenset({Role.DATA_STEWARD}),
    Permission.TUNE_RULES: frozenset({Role.RULE_DRAFTER}),
    # A county has no approver of rules; its second person is the reviewer (MF-18).
    Permission.APPROVE_TUNING: frozenset(
        {Role.REVIEWER, Role.LEADER, Role.RULE_APPROVER}
    ),
    Permission.DRAFT_RULES: frozenset({Role.RULE_DRAFTER}),
    Permission.APPROVE_RULES: frozenset({Role.RULE_APPROVER}),
    Permission.MANAGE_FLEET: frozenset({Role.ADMINISTRATOR}),
    # A province may have one administrator; the second person is then its leader.
    Permission.APPROVE_REINSTATEMENT: frozenset({Role.ADMINISTRATOR, Role.LEADER}),
    Permission.EXPORT_TABLES: frozenset(
        {Role.MONITOR, Role.REVIEWER, Role.LEADER, Role.ASSESSOR, Role.AUDITOR}
    ),
    Permission.SEE_AUDIT: frozenset({Role.AUDITOR}),
    Permission.SCREEN_PAYMENTS: frozenset({Role.PAYMENT_SYSTEM}),
}


def permits(principal: Principal, permission: Permission) -> bool:
    """Whether one of a caller's posts grants a permission."""
    return bool(principal.roles & GRANTS[permission])


def require(principal: Principal, permission: Permission) -> None:
    """Refuse an act no post of the caller grants.

    Raises:
        KuweiError: ``identity.not_permitted``, naming the posts that may.
    """
    if permits(principal, permission):
        return
    able = "、".join(TITLES[role] for role in sorted(GRANTS[permission]))
    raise KuweiError(
        "identity.not_permitted",
        f"您的岗位不能「{permission.value}」;此项由{able}办理。",
        kind=Kind.DENIED,
        details={"permission": permission.name.lower()},
    )

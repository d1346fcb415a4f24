"""Whether another machine may take the place of a node that was shut out.

A suspension is lifted by two persons. Approving another machine lifts it too, so that
door asks for two as well: the token was issued after the suspension, and issuing and
approving were done by two accounts the operating system vouches for. Names stated at a
terminal prove nobody.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from kuwei_hub.fleet import store
from kuwei_hub.fleet.domain import DENIED, EventKind, NodeState, denial
from kuwei_hub.fleet.models import FleetEnrolment, FleetNode, FleetToken
from kuwei_shared.identity.scope import of_service
from kuwei_shared.kernel.errors import Kind, KuweiError

TURNS = (EventKind.SUSPENDED, EventKind.REINSTATED)


def person(node: FleetNode, *, by: str, account: str) -> str:
    """Return who acts on a node: the name stated, or the account where it was shut out.

    Raises:
        KuweiError: ``node.retired``: no moment of retiring is known that a token or an
            application could be compared with.
    """
    if node.state == NodeState.RETIRED:
        raise KuweiError(
            "node.retired",
            f"节点 {node.mof_div_code} 已退役,不能再签发令牌或批准入网;"
            "请核对区划代码,确属误退役的请联系系统维护人员。",
            kind=Kind.CONFLICT,
        )
    return account if node.state == NodeState.SUSPENDED else by


def require_two(
    session: Session, node: FleetNode, token: FleetToken, person: str
) -> None:
    """Refuse what would admit a machine on the word of one person.

    Raises:
        KuweiError: ``enrolment.before_suspension`` for a token from before the node
            was last shut out or let in again: it may be in a thief's hands;
            ``enrolment.same_person``.
    """
    code = node.mof_div_code
    turn = store.said(session, of_service(), code, TURNS)
    is_out = node.state == NodeState.SUSPENDED
    if is_out and (turn is None or turn.kind != EventKind.SUSPENDED):
        raise KuweiError(
            "enrolment.suspension_unknown",
            f"节点 {code} 已停用但没有停用记录,不能以更换设备恢复;"
            "请先由两人办理恢复(kuwei-hub node reinstate 或节点页面)。",
            kind=Kind.CONFLICT,
        )
    if turn is not None and token.issued_at <= turn.at:
        raise KuweiError(
            "enrolment.before_suspension",
            f"节点 {code} 的这件申请所用令牌签发于最近一次停用(或恢复)之前,"
            "可能来自失窃设备,不能批准;请用 issue-token --replace 重新签发令牌,"
            "由新设备重新申请。",
            kind=Kind.DENIED,
        )
    if token.issued_by == person:
        raise _same_person(node, person)


def require_current(session: Session, waiting: FleetEnrolment, node: FleetNode) -> None:
    """Refuse membership to a machine another has replaced, and while a node is out.

    Raises:
        KuweiError: ``enrolment.replaced`` or ``node.denied``.
    """
    code, scope = node.mof_div_code, of_service()
    newest = store.approved_of(session, scope, code)
    if newest is None or newest.token_id != waiting.token_id:
        raise KuweiError(
            "enrolment.replaced",
            f"本机的入网批准已作废:节点 {code} 已改用另一台设备;"
            "确需本机入网的,请向省级重新申请令牌。",
            kind=Kind.DENIED,
        )
    if node.state in DENIED:
        event = store.said(session, scope, code, [EventKind.SUSPENDED])
        raise denial(code, node.state, "" if event is None else event.note)


def _same_person(node: FleetNode, person: str) -> KuweiError:
    message = "签发令牌与批准入网须由两人分别办理。"
    if node.state == NodeState.SUSPENDED:
        message = (
            f"节点 {node.mof_div_code} 已停用:签发令牌与批准入网须由两个操作系统"
            f"账号分别办理,而两次都是 {person};请由另一账号执行 approve。"
        )
    return KuweiError("enrolment.same_person", message, kind=Kind.DENIED)

"""Who comes to this node's pages: sessions confirmed once, strangers told so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from kuwei_node.identity import store
from kuwei_shared.identity.answers import Begin, shared_renewals
from kuwei_shared.identity.login import RelyingParty
from kuwei_shared.identity.renewal import Renewals
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.identity.session import SessionCodec
from kuwei_shared.kernel.errors import KuweiError


def renewals(begin: Begin, party: RelyingParty, seal: SessionCodec) -> Renewals:
    """Return what confirms the sessions, each refresh token once."""
    return shared_renewals(store.QUESTIONS, begin, party, seal)


def strangers(
    home: Callable[[], str], divisions: Callable[[Session, str], Sequence[str]]
) -> Callable[[Session, VisibleJurisdictions], str | None]:
    """Return what tells people of other bureaux why they see nothing.

    Args:
        home: code of this node's bureau; raises before enrolment.
        divisions: the codes a bureau answers for, its own first.
    """

    def notice(session: Session, scope: VisibleJurisdictions) -> str | None:
        try:
            code = home()
        except KuweiError:
            return None
        if scope.allows(code) or any(map(scope.allows, divisions(session, code))):
            return None
        return (
            f"您的账号不属于本节点:管辖范围不含 {code} 及其代管的乡镇,"
            "因此看不到支付、预警等数据,各项数字均为零。请登录所属财政部门的节点。"
        )

    return notice


def sweep(session: Session, now: dt.datetime) -> int:
    """Delete the answers whose time is over; return how many."""
    return store.QUESTIONS.sweep(session, now)

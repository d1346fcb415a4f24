"""Confirming sessions of this node, whichever of its web processes is asked."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from kuwei_node.identity import store
from kuwei_shared.identity.answers import Begin, shared_renewals
from kuwei_shared.identity.login import RelyingParty
from kuwei_shared.identity.renewal import Renewals
from kuwei_shared.identity.session import SessionCodec


def renewals(begin: Begin, party: RelyingParty, seal: SessionCodec) -> Renewals:
    """Return what confirms the sessions, each refresh token once."""
    return shared_renewals(store.QUESTIONS, begin, party, seal)


def sweep(session: Session, now: dt.datetime) -> int:
    """Delete the answers whose time is over; return how many."""
    return store.QUESTIONS.sweep(session, now)

"""Confirming sessions of this hub, and telling the provider of its territory."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from kuwei_hub.identity import store
from kuwei_hub.territory.domain import Search
from kuwei_hub.territory.service import Territory
from kuwei_shared.identity.answers import Begin, shared_renewals
from kuwei_shared.identity.login import RelyingParty
from kuwei_shared.identity.renewal import Renewals
from kuwei_shared.identity.scope import of_service
from kuwei_shared.identity.session import SessionCodec
from kuwei_shared.kernel.pages import PAGE_SIZE_MAX, PageRequest


def renewals(begin: Begin, party: RelyingParty, seal: SessionCodec) -> Renewals:
    """Return what confirms the sessions, each refresh token once."""
    return shared_renewals(store.QUESTIONS, begin, party, seal)


def sweep(session: Session, now: dt.datetime) -> int:
    """Delete the answers whose time is over; return how many."""
    return store.QUESTIONS.sweep(session, now)


def open_places(
    session: Session, territory: Territory, today: dt.date
) -> dict[str, str]:
    """Return code and name of every jurisdiction that exists today.

    Raises:
        KuweiError: ``territory.none`` before there is a territory.
    """
    territory.province(session)
    found: dict[str, str] = {}
    number, last = 1, 1
    while number <= last:
        request = PageRequest(number=number, size=PAGE_SIZE_MAX)
        page = territory.page(session, of_service(), Search(), request)
        found |= {
            one.mof_div_code: one.name
            for one in page.rows
            if one.opened_on <= today
            and (one.closed_on is None or today < one.closed_on)
        }
        number, last = number + 1, page.last
    return found

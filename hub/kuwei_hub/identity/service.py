"""Confirming sessions of this hub, whichever of its web processes is asked."""

from __future__ import annotations

from kuwei_hub.identity import store
from kuwei_shared.identity.answers import Begin, SharedAnswers
from kuwei_shared.identity.login import RelyingParty
from kuwei_shared.identity.renewal import Renewals
from kuwei_shared.identity.session import SessionCodec


def renewals(begin: Begin, party: RelyingParty, seal: SessionCodec) -> Renewals:
    """Return what confirms the sessions, each refresh token once."""
    answers = SharedAnswers(
        questions=store.QUESTIONS,
        begin=begin,
        ask=party.renew,
        seal=seal,
        clock=party.clock,
    )
    return Renewals(answers.renew, party.clock)

"""A session is confirmed with the provider now and then; who is refused is out."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from kuwei_shared.identity.login import Login
from kuwei_shared.identity.principal import Principal, Subject
from kuwei_shared.identity.renewal import (
    CONFIRM_AFTER,
    CONFIRM_BY,
    OUTAGE_KEPT,
    WAIT_S,
    Renew,
    Renewals,
)
from kuwei_shared.identity.roles import Role
from kuwei_shared.identity.session import BrowserSession, SessionCodec
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import Kind, KuweiError

SECRET = "a-secret-that-is-long-enough-to-sign"
PERSON = Principal(
    subject=Subject("u1"),
    name="南宁市 监控岗",
    roles=frozenset({Role.MONITOR}),
    jurisdictions=("450100000/*",),
)


def opened(clock: SetClock) -> BrowserSession:
    return SessionCodec([SECRET], clock).open(PERSON)


def says(principal: Principal, clock: SetClock) -> Renew:
    return lambda token: Login(
        principal=principal, refresh_token=f"{token}+", proven_at=clock.now()
    )


def refuses(kind: Kind) -> Renew:
    def refuse(_: str) -> Login:
        raise KuweiError("identity.no", "不行", kind=kind)

    return refuse


def noting(asked: list[str], clock: SetClock) -> Renew:
    def renew(token: str) -> Login:
        asked.append(token)
        return says(PERSON, clock)(token)

    return renew


def test_a_fresh_session_is_not_asked_about() -> None:
    clock = SetClock()
    session = opened(clock)
    clock.advance(CONFIRM_AFTER / 2)

    found = Renewals(refuses(Kind.UNAUTHENTICATED), clock).confirm(session, "t")

    assert found is None


def test_a_confirmed_session_has_the_posts_of_today() -> None:
    clock = SetClock()
    session = opened(clock)
    clock.advance(CONFIRM_AFTER)
    moved = replace(PERSON, roles=frozenset({Role.REVIEWER}), jurisdictions=("4501",))

    found = Renewals(says(moved, clock), clock).confirm(session, "t")

    assert found is not None
    assert found.session.principal == moved
    assert found.refresh_token == "t+"
    assert (found.session.csrf, found.session.ends) == (session.csrf, session.ends)
    assert found.session.confirmed == int(clock.now().timestamp())


@pytest.mark.parametrize("kind", [Kind.UNAUTHENTICATED, Kind.DENIED])
def test_who_is_refused_is_out_at_once(kind: Kind) -> None:
    clock = SetClock()
    session = opened(clock)
    clock.advance(CONFIRM_AFTER)

    with pytest.raises(KuweiError) as refusal:
        Renewals(refuses(kind), clock).confirm(session, "t")

    assert refusal.value.kind is kind


def test_an_outage_is_borne_for_a_quarter_of_an_hour_only() -> None:
    clock = SetClock()
    session, renewals = opened(clock), Renewals(refuses(Kind.UNAVAILABLE), clock)
    clock.advance(CONFIRM_AFTER)
    assert renewals.confirm(session, "t") is None

    clock.advance(CONFIRM_BY - CONFIRM_AFTER)
    with pytest.raises(KuweiError) as refusal:
        renewals.confirm(session, "t")

    assert refusal.value.kind is Kind.UNAVAILABLE


def test_an_outage_is_not_asked_about_at_every_click() -> None:
    clock, asked = SetClock(), list[str]()
    session = opened(clock)
    clock.advance(CONFIRM_AFTER)

    def fail(token: str) -> Login:
        asked.append(token)
        return refuses(Kind.UNAVAILABLE)(token)

    renewals = Renewals(fail, clock)
    renewals.confirm(session, "t")
    renewals.confirm(session, "t")
    clock.advance(OUTAGE_KEPT)
    renewals.confirm(session, "t")

    assert asked == ["t", "t"]


def test_who_waited_long_in_vain_is_not_followed_by_others_at_once() -> None:
    clock, asked = SetClock(), list[str]()
    session = opened(clock)
    clock.advance(CONFIRM_AFTER)

    def fail_late(token: str) -> Login:
        asked.append(token)
        clock.advance(dt.timedelta(seconds=WAIT_S))
        return refuses(Kind.UNAVAILABLE)(token)

    renewals = Renewals(fail_late, clock)
    renewals.confirm(session, "t")
    clock.advance(OUTAGE_KEPT - dt.timedelta(seconds=1))
    renewals.confirm(session, "t")

    assert asked == ["t"]


def test_a_session_that_cannot_be_asked_about_ends_in_a_quarter_of_an_hour() -> None:
    clock = SetClock()
    session, renewals = opened(clock), Renewals(says(PERSON, clock), clock)
    clock.advance(CONFIRM_AFTER)
    assert renewals.confirm(session, None) is None

    clock.advance(CONFIRM_BY - CONFIRM_AFTER)
    with pytest.raises(KuweiError) as refusal:
        renewals.confirm(session, None)

    assert refusal.value.code == "identity.session_over"


def test_another_persons_token_confirms_nothing() -> None:
    clock = SetClock()
    session = opened(clock)
    clock.advance(CONFIRM_AFTER)
    other = replace(PERSON, subject=Subject("u2"))

    with pytest.raises(KuweiError) as refusal:
        Renewals(says(other, clock), clock).confirm(session, "t")

    assert refusal.value.code == "identity.session_over"


def test_requests_with_one_token_share_one_answer() -> None:
    clock, asked, all_here = SetClock(), list[str](), threading.Barrier(4)
    session = opened(clock)
    clock.advance(CONFIRM_AFTER)
    renewals = Renewals(noting(asked, clock), clock)

    def request(_: int) -> str | None:
        all_here.wait(10)
        found = renewals.confirm(session, "t")
        return None if found is None else found.refresh_token

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(request, range(4)))

    assert asked == ["t"]
    assert answers == ["t+"] * 4


def test_a_token_in_a_cookie_is_secret_and_survives_rotation() -> None:
    clock = SetClock()
    old, both = SessionCodec([SECRET], clock), SessionCodec(["x" * 32, SECRET], clock)

    cookie = old.write_token("refresh-me")

    assert "refresh-me" not in cookie
    assert both.read_token(cookie) == "refresh-me"
    assert SessionCodec(["x" * 32], clock).read_token(cookie) is None
    assert old.read_token("forged") is None
    assert old.read_token(None) is None

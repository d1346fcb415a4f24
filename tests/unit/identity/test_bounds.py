"""What is remembered of logins has an end: in number and in time."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from pace import PATIENCE_S

from kuwei_shared.identity import renewal
from kuwei_shared.identity.issuer import grants, realm
from kuwei_shared.identity.issuer.grants import (
    CODE_LIFE,
    REFRESH_LIFE,
    GrantRefusedError,
    Grants,
    OneTime,
)
from kuwei_shared.identity.issuer.realm import RealmClient
from kuwei_shared.identity.login import Login
from kuwei_shared.identity.principal import Principal, Subject
from kuwei_shared.identity.renewal import CONFIRM_AFTER, Renewals
from kuwei_shared.identity.roles import Role
from kuwei_shared.identity.session import BrowserSession, SessionCodec
from kuwei_shared.kernel.clock import SetClock

FILE = Path(__file__).parents[3] / "deploy/keycloak/realm.json"
BACK, VERIFIER = "http://127.0.0.1:8100/auth/callback", "v" * 64
PERSON = Principal(
    subject=Subject("u1"),
    name="南宁市 监控岗",
    roles=frozenset({Role.MONITOR}),
    jurisdictions=("450100000/*",),
)


def due(clock: SetClock) -> BrowserSession:
    session = SessionCodec(["s" * 32], clock).open(PERSON)
    clock.advance(CONFIRM_AFTER)
    return session


@pytest.fixture(scope="module")
def issuer() -> tuple[Grants, RealmClient, SetClock]:
    clock = SetClock()
    found = realm.read(FILE, FILE.with_name("demo.json"))
    client = found.client("hub-web")
    assert client is not None
    return Grants(found, "http://127.0.0.1:8103", clock), client, clock


def code(issuer: tuple[Grants, RealmClient, SetClock]) -> str:
    given, client, _ = issuer
    user = given.realm.user("province-monitor")
    assert user is not None
    challenge = create_s256_code_challenge(VERIFIER)
    return given.code(user, client, redirect_uri=BACK, nonce="n", challenge=challenge)


def test_answers_are_kept_for_so_many_tokens_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(renewal, "ANSWERS_MAX", 2)
    clock, asked = SetClock(), list[str]()
    session = due(clock)

    def renew(token: str) -> Login:
        asked.append(token)
        return Login(principal=PERSON, refresh_token=None, proven_at=clock.now())

    renewals = Renewals(renew, clock)
    for token in ("a", "b", "c", "c", "a"):
        renewals.confirm(session, token)

    assert asked == ["a", "b", "c", "a"]


def test_who_waits_too_long_for_an_answer_works_on_as_in_an_outage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(renewal, "WAIT_S", 0.01)
    asked, may_answer = threading.Event(), threading.Event()
    session = due(clock := SetClock())

    def renew(token: str) -> Login:
        asked.set()
        assert may_answer.wait(PATIENCE_S)
        return Login(principal=PERSON, refresh_token=token, proven_at=clock.now())

    renewals = Renewals(renew, clock)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(renewals.confirm, session, "t")
        assert asked.wait(PATIENCE_S)
        assert renewals.confirm(session, "t") is None
        may_answer.set()

    assert first.result() is not None


def test_the_oldest_secret_leaves_when_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grants, "PENDING_MAX", 2)
    kept: OneTime[int] = OneTime()

    first, second, third = (kept.put(number) for number in range(3))

    assert kept.take(first) is None
    assert (kept.take(second), kept.take(third)) == (1, 2)
    assert kept.take(third) is None


@pytest.mark.parametrize("late", [CODE_LIFE, CODE_LIFE + dt.timedelta(hours=1)])
def test_a_code_that_comes_late_gives_nothing(
    issuer: tuple[Grants, RealmClient, SetClock], late: dt.timedelta
) -> None:
    given, client, clock = issuer
    asked = code(issuer)
    clock.advance(late)

    with pytest.raises(GrantRefusedError, match="invalid_grant"):
        given.by_code(client, code=asked, redirect_uri=BACK, verifier=VERIFIER)


def test_a_refresh_token_left_lying_gives_nothing(
    issuer: tuple[Grants, RealmClient, SetClock],
) -> None:
    given, client, clock = issuer
    answer = given.by_code(
        client, code=code(issuer), redirect_uri=BACK, verifier=VERIFIER
    )
    clock.advance(REFRESH_LIFE)

    with pytest.raises(GrantRefusedError, match="invalid_grant"):
        given.by_refresh(client, token=str(answer["refresh_token"]))

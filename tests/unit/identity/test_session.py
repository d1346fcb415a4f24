import datetime as dt

import pytest

from kuwei_shared.identity.login import Attempt, local_path
from kuwei_shared.identity.principal import Principal, Subject
from kuwei_shared.identity.roles import Role
from kuwei_shared.identity.session import ABSOLUTE_LIFE, IDLE_LIFE, SessionCodec
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError

OLD, NEW = "an-old-secret-that-was-long-enough", "a-new-secret-that-is-long-enough"
PERSON = Principal(
    subject=Subject("u1"),
    name="南宁市 监控岗",
    roles=frozenset({Role.MONITOR}),
    jurisdictions=("450100000/*",),
)


def test_a_session_comes_back_as_it_was() -> None:
    codec = SessionCodec([OLD], SetClock())

    found = codec.read(codec.write(codec.open(PERSON)))

    assert found is not None
    assert found.principal == PERSON


def test_a_session_survives_the_rotation_of_secrets() -> None:
    clock = SetClock()
    cookie = SessionCodec([OLD], clock).write(SessionCodec([OLD], clock).open(PERSON))

    assert SessionCodec([NEW, OLD], clock).read(cookie) is not None
    assert SessionCodec([NEW], clock).read(cookie) is None


def test_the_newest_secret_signs() -> None:
    clock = SetClock()
    both = SessionCodec([NEW, OLD], clock)

    cookie = both.write(both.open(PERSON))

    assert SessionCodec([NEW], clock).read(cookie) is not None


@pytest.mark.parametrize("cookie", [None, "", "forged", "e30.forged"])
def test_a_cookie_we_did_not_sign_is_nobody(cookie: str | None) -> None:
    codec = SessionCodec([OLD], SetClock())

    assert codec.read(cookie) is None
    assert codec.read_attempt(cookie) is None
    assert codec.read_note(cookie) is None


def test_one_kind_of_cookie_is_not_another() -> None:
    codec = SessionCodec([OLD], SetClock())

    assert codec.read(codec.write_note("完成")) is None
    assert codec.read_note(codec.write_note("完成")) == "完成"


def test_an_idle_session_ends() -> None:
    clock = SetClock()
    codec = SessionCodec([OLD], clock)
    cookie = codec.write(codec.open(PERSON))
    clock.advance(IDLE_LIFE)

    assert codec.read(cookie) is None


def test_use_keeps_a_session_alive_but_not_for_ever() -> None:
    clock = SetClock()
    codec = SessionCodec([OLD], clock)
    session = codec.open(PERSON)
    for _ in range(int(ABSOLUTE_LIFE / dt.timedelta(minutes=20))):
        assert codec.read(codec.write(session)) is not None
        clock.advance(dt.timedelta(minutes=20))
        session = codec.renewed(session) or session

    assert codec.read(codec.write(session)) is None


def test_a_session_is_not_rewritten_at_every_click() -> None:
    clock = SetClock()
    codec = SessionCodec([OLD], clock)
    session = codec.open(PERSON)
    clock.advance(dt.timedelta(seconds=30))

    assert codec.renewed(session) is None


@pytest.mark.parametrize("token", [None, "", "another", "口令"])
def test_a_form_without_this_sessions_token_is_refused(token: str | None) -> None:
    session = SessionCodec([OLD], SetClock()).open(PERSON)

    with pytest.raises(KuweiError) as refusal:
        session.require_csrf(token)

    assert refusal.value.code == "identity.csrf"


def test_an_attempt_comes_back_as_it_was() -> None:
    codec = SessionCodec([OLD], SetClock())
    attempt = Attempt(state="s", nonce="n", verifier="v", back="/x", expires=1)

    assert codec.read_attempt(codec.write_attempt(attempt)) == attempt


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "https://evil.example", "\\\\evil", "/\\evil", "/a\tb", "", "x"],
)
def test_the_way_back_is_a_local_path(address: str) -> None:
    assert local_path(address) == "/"


def test_a_local_path_keeps_its_query() -> None:
    assert local_path("/territory?level=city") == "/territory?level=city"

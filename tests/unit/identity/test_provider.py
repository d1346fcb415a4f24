"""What a provider answers wrongly is named, never passed on."""

from __future__ import annotations

import httpx
import pytest

from kuwei_shared.identity.provider import Client, Provider
from kuwei_shared.kernel.errors import KuweiError

ISSUER = "https://id.example"
CLIENT = Client(
    client_id="hub-web",
    client_secret="x",
    redirect_uri="https://jk.example/auth/callback",
)
DISCOVERY: dict[str, object] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
}


def provider(answers: dict[str, object], status: int = 200) -> Provider:
    """A provider whose network gives these answers by path."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path not in answers:
            return httpx.Response(status)
        return httpx.Response(200, json=answers[request.url.path])

    known = {"/.well-known/openid-configuration": DISCOVERY}
    transport = httpx.MockTransport(answer)
    http = httpx.Client(transport=transport)
    found = Provider(ISSUER, http, is_production=True)
    answers.update({**known, **answers})
    return found


def test_a_provider_without_logout_ends_the_session_here_only() -> None:
    found = provider({})

    assert found.logout_url(CLIENT) is None
    found.close()


def test_a_provider_with_logout_is_told_where_to_return() -> None:
    ends = DISCOVERY | {"end_session_endpoint": f"{ISSUER}/logout"}
    found = provider({"/.well-known/openid-configuration": ends})

    address = found.logout_url(CLIENT)

    assert address is not None
    assert "post_logout_redirect_uri=https%3A%2F%2Fjk.example%2F" in address
    found.close()


@pytest.mark.parametrize(
    ("hint", "is_told"), [("a.b.c", True), ("x" * 3_001, False), (None, False)]
)
def test_a_session_is_named_where_the_address_can_hold_it(
    hint: str | None, is_told: bool
) -> None:
    ends = DISCOVERY | {"end_session_endpoint": f"{ISSUER}/logout"}
    found = provider({"/.well-known/openid-configuration": ends})

    address = found.logout_url(CLIENT, hint)

    assert ("id_token_hint" in (address or "")) is is_told
    found.close()


@pytest.mark.parametrize(
    ("answers", "status"),
    [({"/jwks": ["not", "keys"]}, 200), ({}, 500)],
)
def test_keys_that_are_none_are_refused(
    answers: dict[str, object], status: int
) -> None:
    found = provider(answers, status)

    with pytest.raises(KuweiError) as refusal:
        found.keys()

    assert refusal.value.code == "identity.provider_unavailable"
    found.close()


def test_a_token_answer_without_a_token_is_refused() -> None:
    found = provider({"/token": {"error": "later"}})

    with pytest.raises(KuweiError, match="格式不符"):
        found.exchange(CLIENT, code="c", verifier="v")

    found.close()

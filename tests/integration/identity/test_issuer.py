"""The development issuer and the relying party, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import embedded
import httpx
import pytest
import web_lab
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from pace import PATIENCE_S

from kuwei_shared.identity.login import RelyingParty
from kuwei_shared.identity.machine import BearerGate
from kuwei_shared.identity.provider import Client, Provider
from kuwei_shared.identity.tokens import KeyCache, TokenCheck
from kuwei_shared.kernel.clock import Clock, SetClock, SystemClock
from kuwei_shared.kernel.errors import Kind, KuweiError

pytestmark = pytest.mark.integration

SITE = "http://127.0.0.1:1"
CALLBACK = f"{SITE}/auth/callback"
WEB = ("hub-web", "hub-web-demo-only")
MACHINE = ("payment-system", "payment-system-demo-only")
VERIFIER = "v" * 64
ASK = {
    "client_id": "hub-web",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "state": "state",
    "nonce": "nonce",
    "code_challenge": create_s256_code_challenge(VERIFIER),
    "code_challenge_method": "S256",
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    port = embedded.free_port()
    url = f"http://127.0.0.1:{port}"
    app = web_lab.issuer(web_lab.realm(SITE), url, SystemClock())
    with web_lab.served(app, port):
        yield url


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=PATIENCE_S) as found:
        yield found


def code(http: httpx.Client, issuer: str, username: str = "province-monitor") -> str:
    answer = http.post(f"{issuer}/authorize", data=ASK | {"username": username})
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def tokens(
    http: httpx.Client, issuer: str, by: tuple[str, str] = WEB, **form: str
) -> httpx.Response:
    return http.post(f"{issuer}/token", data=form, auth=by)


def by_code(http: httpx.Client, issuer: str, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code(http, issuer),
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return http.post(f"{issuer}/token", data=form | changes, auth=WEB)


def check(issuer: str, http: httpx.Client, audience: str) -> TokenCheck:
    provider = Provider(issuer, http, is_production=False)
    clock = SystemClock()
    keys = KeyCache(provider.keys, clock)
    return TokenCheck(issuer=issuer, audience=audience, keys=keys, clock=clock)


def relying(issuer: str, http: httpx.Client, clock: Clock) -> RelyingParty:
    provider = Provider(issuer, http, is_production=False)
    client = Client(client_id=WEB[0], client_secret=WEB[1], redirect_uri=CALLBACK)
    keys = KeyCache(provider.keys, clock)
    checks = TokenCheck(issuer=issuer, audience=WEB[0], keys=keys, clock=clock)
    return RelyingParty(provider=provider, client=client, check=checks, clock=clock)


def test_a_code_and_its_verifier_give_tokens(http: httpx.Client, issuer: str) -> None:
    answer = by_code(http, issuer).json()

    claims = check(issuer, http, "hub-web").claims(answer["id_token"])
    assert claims["nonce"] == "nonce"
    assert claims["roles"] == ["monitor"]
    assert claims["jurisdictions"] == ["450000000/*"]


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 64},
        {"code_verifier": ""},
        {"redirect_uri": "http://127.0.0.1:2/auth/callback"},
        {"code": "guessed"},
    ],
)
def test_a_code_without_its_proofs_is_refused(
    http: httpx.Client, issuer: str, changes: dict[str, str]
) -> None:
    answer = by_code(http, issuer, **changes)

    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_grant"}


def test_a_code_of_another_client_is_refused(http: httpx.Client, issuer: str) -> None:
    stolen = code(http, issuer)
    form = {"grant_type": "authorization_code", "code": stolen}

    answer = tokens(http, issuer, MACHINE, redirect_uri=CALLBACK, **form)

    assert answer.json() == {"error": "invalid_grant"}


def test_a_refresh_token_rotates(http: httpx.Client, issuer: str) -> None:
    first = by_code(http, issuer).json()["refresh_token"]

    second = tokens(http, issuer, grant_type="refresh_token", refresh_token=first)
    again = tokens(http, issuer, grant_type="refresh_token", refresh_token=first)

    assert second.json()["refresh_token"] != first
    assert again.json() == {"error": "invalid_grant"}


def test_a_machine_gets_a_token_for_the_api(http: httpx.Client, issuer: str) -> None:
    answer = tokens(http, issuer, MACHINE, grant_type="client_credentials").json()

    gate = BearerGate(check=check(issuer, http, "node-api"))
    caller = gate.admit(f"Bearer {answer['access_token']}")
    assert caller.is_machine
    assert "450102000/*" in caller.jurisdictions


def test_a_machines_token_is_not_an_identity_for_pages(
    http: httpx.Client, issuer: str
) -> None:
    answer = tokens(http, issuer, MACHINE, grant_type="client_credentials").json()

    with pytest.raises(KuweiError) as refusal:
        check(issuer, http, "hub-web").claims(answer["access_token"])

    assert refusal.value.code == "identity.token_refused"


@pytest.mark.parametrize(
    ("by", "form", "error"),
    [
        (("payment-system", "wrong"), "client_credentials", "invalid_client"),
        (("nobody", "x"), "client_credentials", "invalid_client"),
        (WEB, "client_credentials", "unauthorized_client"),
        (WEB, "password", "unsupported_grant_type"),
    ],
)
def test_what_a_client_may_not_ask_is_refused(
    http: httpx.Client, issuer: str, by: tuple[str, str], form: str, error: str
) -> None:
    answer = tokens(http, issuer, by, grant_type=form)

    assert answer.json() == {"error": error}


def test_unreadable_credentials_are_refused(http: httpx.Client, issuer: str) -> None:
    headers = {"authorization": "Basic !!!"}
    form = {"grant_type": "client_credentials"}

    answer = http.post(f"{issuer}/token", data=form, headers=headers)

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.example/auth/callback"},
        {"client_id": "payment-system"},
        {"client_id": "nobody"},
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
        {"response_type": "token"},
    ],
)
def test_an_unregistered_request_never_redirects(
    http: httpx.Client, issuer: str, changes: dict[str, str]
) -> None:
    answer = http.get(f"{issuer}/authorize", params=ASK | changes)

    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_an_account_the_realm_lacks_is_refused(http: httpx.Client, issuer: str) -> None:
    form = ASK | {"username": "service-account-payment-system"}

    answer = http.post(f"{issuer}/authorize", data=form)

    assert answer.json() == {"error": "access_denied"}


@pytest.mark.parametrize(
    ("client", "to", "status"),
    [
        ("hub-web", f"{SITE}/", 303),
        ("hub-web", "https://evil.example/", 400),
        ("nobody", f"{SITE}/", 400),
    ],
)
def test_the_end_of_a_session_goes_to_registered_places_only(
    http: httpx.Client, issuer: str, client: str, to: str, status: int
) -> None:
    query = {"client_id": client, "post_logout_redirect_uri": to}

    answer = http.get(f"{issuer}/logout", params=query)

    assert answer.status_code == status


def test_a_service_in_production_refuses_the_development_issuer(
    http: httpx.Client, issuer: str
) -> None:
    provider = Provider(issuer, http, is_production=True)

    with pytest.raises(KuweiError, match="开发身份服务") as refusal:
        provider.discovery()

    assert refusal.value.kind is Kind.UNAVAILABLE


def test_an_issuer_under_another_name_is_refused(
    http: httpx.Client, issuer: str
) -> None:
    other = issuer.replace("127.0.0.1", "localhost")
    provider = Provider(other, http, is_production=False)

    with pytest.raises(KuweiError, match="不一致"):
        provider.discovery()


def test_an_absent_issuer_is_unavailable_not_a_bug(http: httpx.Client) -> None:
    address = f"http://127.0.0.1:{embedded.free_port()}"

    with pytest.raises(KuweiError) as refusal:
        Provider(address, http, is_production=False).keys()

    assert refusal.value.code == "identity.provider_unavailable"
    assert refusal.value.retry_after_s is not None


def test_a_login_that_took_too_long_is_refused(http: httpx.Client, issuer: str) -> None:
    clock = SetClock()
    party = relying(issuer, http, clock)
    attempt, _ = party.begin("/")
    clock.moment = clock.moment.replace(hour=23)

    with pytest.raises(KuweiError) as refusal:
        party.finish(attempt, state=attempt.state, code="any")

    assert refusal.value.code == "identity.login_mismatch"


def test_a_token_with_another_nonce_is_refused(http: httpx.Client, issuer: str) -> None:
    party = relying(issuer, http, SystemClock())
    attempt, address = party.begin("/")
    asked = dict(httpx.URL(address).params) | {"nonce": "replayed"}
    form = asked | {"username": "province-monitor"}
    answer = http.post(f"{issuer}/authorize", data=form)
    given = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    with pytest.raises(KuweiError) as refusal:
        party.finish(attempt, state=attempt.state, code=given)

    assert refusal.value.code == "identity.login_mismatch"

import base64
import datetime as dt
import hmac
import json

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from kuwei_shared.identity.machine import REMEMBERED, BearerGate
from kuwei_shared.identity.tokens import KEYS_PAUSE, KEYS_TTL, KeyCache, TokenCheck
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError

ISSUER, AUDIENCE = "https://id.example", "node-api"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
OTHER = RSAKey.generate_key(2048, {"kid": "two", "use": "sig", "alg": "RS256"})


class Keys:
    """An issuer's key document, and how often it was fetched."""

    def __init__(self, *keys: RSAKey) -> None:
        self.keys = list(keys)
        self.fetched = 0

    def __call__(self) -> dict[str, object]:
        self.fetched += 1
        return {"keys": [key.as_dict(private=False) for key in self.keys]}


def token(
    clock: SetClock, key: RSAKey = KEY, changes: dict[str, object] | None = None
) -> str:
    now = int(clock.now().timestamp())
    claims: dict[str, object] = {
        "iss": ISSUER,
        "aud": [AUDIENCE],
        "sub": "service-account-payment-system",
        "iat": now,
        "exp": now + 300,
        "roles": ["payment-system"],
        "jurisdictions": ["450102000"],
    }
    kept = {name: value for name, value in (claims | (changes or {})).items() if value}
    return jwt.encode({"alg": "RS256", "kid": key.kid}, kept, key)


def hmac_token(header: dict[str, str], secret: bytes) -> str:
    """Sign a token by hand; the library refuses to help with this attack."""
    parts = [json.dumps(part).encode() for part in (header, {"sub": "x"})]
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = hmac.digest(secret, text, "sha256")
    return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def check(clock: SetClock, keys: Keys | None = None) -> TokenCheck:
    cache = KeyCache(keys or Keys(KEY), clock)
    return TokenCheck(issuer=ISSUER, audience=AUDIENCE, keys=cache, clock=clock)


def test_a_token_that_holds_gives_its_claims() -> None:
    clock = SetClock()

    assert check(clock).claims(token(clock))["roles"] == ["payment-system"]


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": ["another-api"]},
        {"aud": None},
        {"exp": None},
        {"sub": None},
    ],
)
def test_a_token_for_somebody_else_is_refused(changes: dict[str, object]) -> None:
    clock = SetClock()

    with pytest.raises(KuweiError) as refusal:
        check(clock).claims(token(clock, changes=changes))

    assert refusal.value.code == "identity.token_refused"


def test_a_token_expires() -> None:
    clock = SetClock()
    old = token(clock)
    clock.advance(dt.timedelta(minutes=6))

    with pytest.raises(KuweiError) as refusal:
        check(clock).claims(old)

    assert refusal.value.code == "identity.token_expired"


def test_a_token_of_another_key_is_refused() -> None:
    clock = SetClock()

    with pytest.raises(KuweiError) as refusal:
        check(clock).claims(token(clock, OTHER))

    assert refusal.value.code == "identity.token_refused"


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused() -> None:
    clock = SetClock()
    forged = hmac_token({"alg": "HS256", "kid": "one"}, KEY.as_pem(private=False))

    with pytest.raises(KuweiError) as refusal:
        check(clock).claims(forged)

    assert refusal.value.code == "identity.token_refused"


@pytest.mark.parametrize(
    "text", ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "x" * 20_000]
)
def test_what_is_no_signed_token_is_refused(text: str) -> None:
    with pytest.raises(KuweiError) as refusal:
        check(SetClock()).claims(text)

    assert refusal.value.code == "identity.token_refused"


def test_a_new_key_of_the_issuer_is_fetched_once_and_believed() -> None:
    clock, keys = SetClock(), Keys(KEY)
    checking = check(clock, keys)
    checking.claims(token(clock))
    keys.keys.append(OTHER)
    clock.advance(KEYS_PAUSE + dt.timedelta(seconds=1))

    claims = checking.claims(token(clock, OTHER))

    assert claims["iss"] == ISSUER
    assert keys.fetched == 2


def test_a_flood_of_unknown_keys_does_not_reach_the_issuer() -> None:
    clock, keys = SetClock(), Keys(KEY)
    checking = check(clock, keys)

    for _ in range(20):
        with pytest.raises(KuweiError):
            checking.claims(token(clock, OTHER))

    assert keys.fetched == 1


def test_keys_are_fetched_again_when_old() -> None:
    clock, keys = SetClock(), Keys(KEY)
    checking = check(clock, keys)
    checking.claims(token(clock))
    clock.advance(KEYS_TTL + dt.timedelta(seconds=1))

    checking.claims(token(clock))

    assert keys.fetched == 2


def test_a_machine_is_admitted_by_its_bearer_token() -> None:
    clock = SetClock()

    caller = BearerGate(check=check(clock)).admit(f"Bearer {token(clock)}")

    assert caller.is_machine
    assert caller.jurisdictions == ("450102000",)


@pytest.mark.parametrize("header", [None, "", "Basic abc", "Bearer", "Bearer "])
def test_a_machine_without_a_token_is_refused(header: str | None) -> None:
    with pytest.raises(KuweiError) as refusal:
        BearerGate(check=check(SetClock())).admit(header)

    assert refusal.value.code == "identity.token_missing"


def test_a_machine_admitted_just_now_is_remembered_for_a_minute() -> None:
    clock = SetClock()
    gate, header = BearerGate(check=check(clock)), f"Bearer {token(clock)}"
    assert gate.recall(header) is None
    caller = gate.admit(header)

    assert gate.recall(header) == caller

    clock.advance(REMEMBERED)
    assert gate.recall(header) is None


def test_a_remembered_token_still_expires() -> None:
    clock = SetClock()
    soon = int(clock.now().timestamp()) + 10
    gate, header = (
        BearerGate(check=check(clock)),
        f"Bearer {token(clock, changes={'exp': soon})}",
    )
    gate.admit(header)

    clock.advance(dt.timedelta(seconds=10))

    assert gate.recall(header) is None


def test_a_refused_token_is_not_remembered() -> None:
    clock = SetClock()
    gate, header = BearerGate(check=check(clock)), f"Bearer {token(clock)}x"
    with pytest.raises(KuweiError):
        gate.admit(header)

    assert gate.recall(header) is None
    assert gate.recall(None) is None

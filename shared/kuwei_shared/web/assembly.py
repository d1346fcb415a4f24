"""From settings to the identity parts of a web process."""

from __future__ import annotations

import httpx

from kuwei_shared.identity.login import RelyingParty
from kuwei_shared.identity.machine import BearerGate
from kuwei_shared.identity.provider import Client, Provider
from kuwei_shared.identity.session import SessionCodec
from kuwei_shared.identity.tokens import KeyCache, TokenCheck
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.web.settings import CALLBACK, WebSettings

CONNECTIONS = 4


def relying_party(settings: WebSettings, clock: Clock) -> RelyingParty:
    """Return the service as the provider's client.

    Raises:
        KuweiError: ``settings.web``.
    """
    settings.require_web()
    limits = httpx.Limits(max_connections=CONNECTIONS)
    provider = Provider(
        settings.issuer,
        httpx.Client(limits=limits, trust_env=False),
        is_production=settings.is_production,
    )
    client = Client(
        client_id=settings.web_client_id,
        client_secret=settings.web_client_secret.get_secret_value(),
        redirect_uri=f"{settings.web_url}{CALLBACK}",
    )
    check = TokenCheck(
        issuer=settings.issuer,
        audience=settings.web_client_id,
        keys=KeyCache(provider.keys, clock),
        clock=clock,
    )
    return RelyingParty(provider=provider, client=client, check=check, clock=clock)


def bearer_gate(party: RelyingParty, *, audience: str) -> BearerGate:
    """Return the gate for machines whose tokens name an API as audience."""
    check = TokenCheck(
        issuer=party.provider.issuer,
        audience=audience,
        keys=party.check.keys,
        clock=party.clock,
    )
    return BearerGate(check=check)


def session_codec(settings: WebSettings, clock: Clock) -> SessionCodec:
    """Return the reader and writer of session cookies."""
    secrets = [secret.get_secret_value() for secret in settings.session_secrets]
    return SessionCodec(secrets, clock)

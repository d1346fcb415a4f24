"""Signing in at either provider as a person at a browser would, and what came of it."""

from __future__ import annotations

import contextlib
import datetime as dt
import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import keycloak_lab
from pace import PATIENCE_S
from pydantic import SecretStr
from web_lab import SECRET

from kuwei_hub.settings import Settings
from kuwei_shared.identity.login import Attempt, Login, RelyingParty
from kuwei_shared.kernel.clock import SystemClock
from kuwei_shared.web.assembly import relying_party

OWN_PASSWORD = "a-password-of-their-own"
FORM = re.compile(r'<form[^>]*\saction="([^"]+)"')
HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')
STEPS_MAX = 10

Enter = Callable[[httpx.Client, httpx.Response, str], httpx.Response]
"""Fills in a provider's login page as an account; returns its last answer."""


@dataclass(slots=True)
class Ahead:
    """The machine's clock, so many minutes ahead."""

    by: dt.timedelta = field(default_factory=dt.timedelta)

    def now(self) -> dt.datetime:
        """Return the present moment and what it is ahead."""
        return SystemClock().now() + self.by


@dataclass(frozen=True, slots=True, kw_only=True)
class Provided:
    """A provider holding the deployed realm: a hub's side of it, and a person's."""

    issuer: str
    secrets: Mapping[str, str]
    party: RelyingParty
    enter: Enter

    @property
    def callback(self) -> str:
        """Where the provider sends a browser back to."""
        return self.party.client.redirect_uri

    def code(self, username: str) -> tuple[Attempt, str]:
        """Sign in; return the attempt and the code it was given."""
        attempt, address = self.party.begin("/")
        with browser() as client:
            answer = self.enter(client, client.get(address), username)
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        assert query["state"] == [attempt.state]
        return attempt, query["code"][0]

    def login(self, username: str) -> Login:
        """Sign in; return whom that proved."""
        attempt, code = self.code(username)
        return self.party.finish(attempt, state=attempt.state, code=code)


@contextlib.contextmanager
def provided(
    issuer: str, hub_url: str, secrets: Mapping[str, str], enter: Enter
) -> Iterator[Provided]:
    """Give a provider and the hub as its client, put together as it is served."""
    settings = Settings(
        mode="development",
        database_url="postgresql+psycopg2://nowhere",
        data_dir=Path("nowhere"),
        web_url=hub_url,
        issuer=issuer,
        web_client_id="hub-web",
        web_client_secret=SecretStr(secrets["hub-web"]),
        session_secrets=(SecretStr(SECRET),),
    )
    party = relying_party(settings, SystemClock())
    yield Provided(issuer=issuer, secrets=secrets, party=party, enter=enter)
    party.provider.close()


@contextlib.contextmanager
def browser(base_url: str = "") -> Iterator[httpx.Client]:
    """Give a browser; like every browser it counts loopback as secure."""

    def keep(answer: httpx.Response) -> None:
        del answer
        for cookie in client.cookies.jar:
            cookie.secure = False

    with httpx.Client(
        base_url=base_url,
        headers={"accept": "text/html"},
        trust_env=False,
        timeout=PATIENCE_S,
        event_hooks={"response": [keep]},
    ) as client:
        yield client


def follow(
    client: httpx.Client, answer: httpx.Response, stop: str | None = None
) -> httpx.Response:
    """Follow redirects to a page, or up to the one that leads to ``stop``."""
    for _ in range(STEPS_MAX):
        following = answer.next_request
        if following is None or (stop and str(following.url).startswith(stop)):
            return answer
        answer = client.send(following)
    raise AssertionError(answer.url)


@contextlib.contextmanager
def at_keycloak(site: str, username: str) -> Iterator[httpx.Client]:
    """Give a browser in which somebody signed in to a site by way of Keycloak."""
    with browser(site) as client:
        page = follow(client, client.get("/auth/login"))
        follow(client, enter_keycloak(client, page, username))
        yield client


def choose(client: httpx.Client, page: httpx.Response, username: str) -> httpx.Response:
    """Choose an account on the development issuer's page."""
    form = dict(page.url.params) | {"username": username}
    return client.post(page.url.copy_with(query=None), data=form)


def enter_keycloak(
    client: httpx.Client, page: httpx.Response, username: str
) -> httpx.Response:
    """Sign in at Keycloak, with a password of their own from the second time on."""
    back = page.url.params["redirect_uri"]
    answer = submit(client, page, username=username, password=OWN_PASSWORD)
    if answer.status_code == httpx.codes.OK:
        first = keycloak_lab.FIRST_PASSWORD
        answer = submit(client, answer, username=username, password=first)
        asked = follow(client, answer, back)
        own = {"password-new": OWN_PASSWORD, "password-confirm": OWN_PASSWORD}
        answer = submit(client, asked, **own)
    return follow(client, answer, back)


def submit(client: httpx.Client, page: httpx.Response, **typed: str) -> httpx.Response:
    """Fill in the one form of a page."""
    action = FORM.search(page.text)
    assert action is not None, page.text
    hidden = dict(HIDDEN.findall(page.text))
    return client.post(page.url.join(html.unescape(action[1])), data=hidden | typed)

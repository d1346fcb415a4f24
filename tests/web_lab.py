"""Real servers on loopback for tests of pages: the issuer, and a hub that trusts it."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import embedded
import httpx
import province_lab
import uvicorn
from fastapi import FastAPI
from pace import PATIENCE_S, working_day
from sqlalchemy import create_engine

from kuwei_hub import app as hub_app
from kuwei_hub import schema
from kuwei_hub.bootstrap import Hub, build
from kuwei_hub.settings import Settings
from kuwei_shared.db import row_security
from kuwei_shared.db.migrate import standing_ddl
from kuwei_shared.identity.issuer.app import DevelopmentOnlyWarning, create_issuer
from kuwei_shared.identity.issuer.realm import Realm, combined
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.ops import logs

REALM = Path(__file__).parents[1] / "deploy/keycloak/realm.json"
DEMO = REALM.with_name("demo.json")
ROLE = "kuwei_app"
GOODBYE_S = 10
SECRET = "a-secret-of-tests-long-enough-to-sign"


@contextlib.contextmanager
def served(app: FastAPI, port: int) -> Iterator[str]:
    """Serve an application on a loopback port while the block runs."""
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=GOODBYE_S)
    server = uvicorn.Server(config)
    # Who calls before the server is up waits in the socket's queue.
    listening = socket.create_server(("127.0.0.1", port))
    # The parent's own loop drives signals; a thread must not touch them.
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{port}"
    try:
        httpx.get(f"{address}/healthz", trust_env=False, timeout=PATIENCE_S)
        yield address
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)


def realm(*redirects: str) -> Realm:
    """Return the demo's realm, trusting these service addresses besides."""
    document = combined(json.loads(REALM.read_text()), json.loads(DEMO.read_text()))
    for client in document["clients"]:
        if client["standardFlowEnabled"]:
            client["redirectUris"] += [f"{site}/auth/callback" for site in redirects]
    return Realm.model_validate(document)


def issuer(found: Realm, url: str, clock: Clock) -> FastAPI:
    """Return the development issuer, its warning expected."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DevelopmentOnlyWarning)
        return create_issuer(found, url=url, clock=clock, is_production=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A hub being served, and how to sign in to it."""

    hub: Hub
    url: str
    issuer: str
    realm: Realm

    def browser(self) -> httpx.Client:
        """Return a client that behaves like a browser with its own cookies."""
        return httpx.Client(
            base_url=self.url,
            headers={"accept": "text/html"},
            follow_redirects=True,
            trust_env=False,
            timeout=PATIENCE_S,
        )

    @contextlib.contextmanager
    def signed_in(self, username: str) -> Iterator[httpx.Client]:
        """Give a browser signed in as a demo account."""
        with self.browser() as browser:
            sign_in(browser, username)
            yield browser


def demo_accounts() -> list[str]:
    """Return every person's account of the demo."""
    return [one["username"] for one in json.loads(DEMO.read_text())["users"]]


def promised(page: str) -> set[str]:
    """Return the addresses a page's navigation and tabs lead to."""
    bars = re.findall(r'<nav class="(?:main-nav|choices)".*?</nav>', page, re.DOTALL)
    return {path for bar in bars for path in re.findall(r'href="([^"?]+)', bar)}


def sign_in(
    browser: httpx.Client, username: str, back: str = "/territory"
) -> httpx.Response:
    """Walk the login with the issuer's page as a person would."""
    page = browser.get("/auth/login", params={"back": back})
    query = dict(page.url.params) | {"username": username}
    return browser.post(page.url.copy_with(query=None), data=query)


@contextlib.contextmanager
def hub_site(
    database_url: str, folder: Path, clock: Clock | None = None
) -> Iterator[Site]:
    """Serve a hub and its issuer over a database whose tables exist."""
    time = clock or working_day()
    port, issuer_port = embedded.free_port(), embedded.free_port()
    url, issuer_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{issuer_port}"
    trusting = realm(url)
    given = {"web_url": url, "issuer": issuer_url}
    with (
        served(issuer(trusting, issuer_url, time), issuer_port),
        served_hub(database_url, folder, time, **given) as hub,
    ):
        yield Site(hub=hub, url=url, issuer=issuer_url, realm=trusting)


@contextlib.contextmanager
def served_hub(
    database_url: str, folder: Path, clock: Clock, **given: str
) -> Iterator[Hub]:
    """Serve a hub at the address of its settings, trusting the issuer they name."""
    logs.configure("kuwei-hub test")
    plain: dict[str, Any] = {  # Any: what pydantic checks
        "mode": "development",
        "database_url": database_url,
        "data_dir": folder,
        "database_role": ROLE,
        "keys_passphrase": "口令",
        "place": "广西壮族自治区财政厅",
        "web_client_id": "hub-web",
        "web_client_secret": "hub-web-demo-only",
        "session_secrets": (SECRET,),
    }
    settings = Settings(**(plain | given))
    hub = build(settings, process="test", clock=clock)
    with served(hub_app.create(hub), urlsplit(settings.web_url).port or 0):
        yield hub
    hub.unit_of_work.engine.dispose()


@contextlib.contextmanager
def province_site(
    postgres: embedded.Postgres, database: str, folder: Path
) -> Iterator[Site]:
    """Serve a hub of the demonstration province, settled."""
    with hub_site(hub_database(postgres, database), folder) as found:
        province_lab.settle(found.hub)
        yield found


def hub_database(postgres: embedded.Postgres, database: str) -> str:
    """Create a hub's database with its walls; return its address."""
    url = postgres.create(database)
    engine = create_engine(url)
    metadata = schema.metadata()
    metadata.create_all(engine)
    with engine.begin() as connection:
        walls = [*standing_ddl(metadata, connection), *row_security.role_ddl(ROLE)]
        for statement in walls:
            connection.exec_driver_sql(statement)
    engine.dispose()
    return url


def csrf_token(page: httpx.Response) -> str:
    """Return the token a page's forms carry."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]

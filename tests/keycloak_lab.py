"""A real Keycloak with the realm file in it, as docker-compose.yml would start it.

The distribution is the one ``make keycloak`` brings, or whatever the variable
KUWEI_TEST_KEYCLOAK_HOME names. It is copied, so that nothing is left behind in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import embedded
import httpx
import script_lab
import web_lab
from pace import PATIENCE_S

SETTING = "KUWEI_TEST_KEYCLOAK_HOME"
ADMIN = ("admin", "administers-the-tests")
FIRST_PASSWORD = "first-password-of-tests"
SECRETS = {
    "hub-web": "hub-web-of-tests",
    "node-web": "node-web-of-tests",
    "payment-system": "payment-system-of-tests",
}
SYNC = ("realm-sync", "realm-sync-of-tests")
# What the service account of the client that `kuwei-hub sync-realm` uses must hold.
SYNC_ROLES = ("manage-realm", "manage-users")
START_S = 600
QUICK = {
    "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",
    "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m",
}


def home() -> Path:
    """Return the folder of the distribution, there or not."""
    named = os.environ.get(SETTING)  # noqa: TID251  # a test aid
    return Path(named or script_lab.load("deploy/build/keycloak.py").HOME)


def missing() -> str | None:
    """Return why no Keycloak can be started here, or None."""
    if not (home() / "bin" / "kc.sh").exists():
        return f"no Keycloak here: `make keycloak` brings it, or {SETTING} names it"
    if shutil.which("java") is None:
        return "no Java here, which Keycloak needs"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keycloak:
    """A running Keycloak; hub and node are known to it by these addresses."""

    url: str
    hub_url: str
    node_url: str

    @property
    def issuer(self) -> str:
        """The realm's ``iss`` claim."""
        return f"{self.url}/realms/kuwei"

    def admin_token(self) -> str:
        """Return an access token of the server's administrator: another realm's."""
        address = f"{self.url}/realms/master/protocol/openid-connect/token"
        name, word = ADMIN
        form = {"grant_type": "password", "client_id": "admin-cli"}
        answer = httpx.post(
            address,
            data=form | {"username": name, "password": word},
            trust_env=False,
            timeout=PATIENCE_S,
        )
        return str(answer.raise_for_status().json()["access_token"])

    def ask(self, method: str, path: str, json: object = None) -> Any:  # noqa: ANN401  # JSON
        """Do as an administrator of the realm would at the console."""
        answer = httpx.request(
            method,
            f"{self.url}/admin/realms/kuwei{path}",
            headers={"authorization": f"Bearer {self.admin_token()}"},
            json=json,
            trust_env=False,
            timeout=PATIENCE_S,
        ).raise_for_status()
        return answer.json() if answer.content else None

    def user(self, username: str) -> str:
        """Return the id of a person or a service account."""
        (found,) = self.ask("GET", f"/users?exact=true&username={username}")
        return str(found["id"])

    def register(self, name: str, secret: str, **changes: object) -> str:
        """Register a machine beside those of the file; return its account's id."""
        plain = {
            "clientId": name,
            "secret": secret,
            "serviceAccountsEnabled": True,
            "standardFlowEnabled": False,
        }
        self.ask("POST", "/clients", plain | changes)
        return self.user(f"service-account-{name}")

    def assign(self, user: str, *roles: str, client: str | None = None) -> None:
        """Give an account roles of the realm, or of one of its clients."""
        source = "" if client is None else f"/clients/{self.client(client)['id']}"
        owner = "/realm" if client is None else source
        chosen = [self.ask("GET", f"{source}/roles/{role}") for role in roles]
        self.ask("POST", f"/users/{user}/role-mappings{owner}", chosen)

    def withdraw(self, user: str, role: str) -> None:
        """Take a post from a person."""
        found = self.ask("GET", f"/roles/{role}")
        self.ask("DELETE", f"/users/{user}/role-mappings/realm", [found])

    def client(self, name: str) -> dict[str, Any]:  # Any: JSON
        """Return a registered client."""
        (found,) = self.ask("GET", f"/clients?clientId={name}")
        return dict(found)

    def admit_people(self) -> None:
        """Enter the demo's people, as an administrator would enter real ones.

        Everybody is given a password and must choose another at the first login.
        """
        given = {"type": "password", "value": FIRST_PASSWORD}
        first = {"credentials": [given], "requiredActions": ["UPDATE_PASSWORD"]}
        users = [one | first for one in json.loads(web_lab.DEMO.read_text())["users"]]
        entered = {"ifResourceExists": "FAIL", "users": users}
        self.ask("POST", "/partialImport", entered)


@contextlib.contextmanager
def running() -> Iterator[Keycloak]:
    """Start Keycloak on free loopback ports, the realm file imported unchanged."""
    with tempfile.TemporaryDirectory(prefix="kuwei-keycloak-") as folder:
        copy = Path(folder) / "keycloak"
        shutil.copytree(home(), copy, ignore=shutil.ignore_patterns("data"))
        (copy / "data" / "import").mkdir(parents=True)
        shutil.copy(web_lab.REALM, copy / "data" / "import" / "realm.json")
        with _started(copy) as found:
            yield found


@contextlib.contextmanager
def _started(copy: Path) -> Iterator[Keycloak]:
    """Run a distribution of our own until the block ends."""
    ports = [embedded.free_port() for _ in range(4)]
    url, hub_url, node_url, health = (f"http://127.0.0.1:{port}" for port in ports)
    command = [
        *(str(copy / "bin" / "kc.sh"), "start", "--import-realm"),
        *("--db=dev-file", "--cache=local", "--health-enabled=true"),
        *("--http-enabled=true", "--http-host=127.0.0.1", f"--hostname={url}"),
        *(f"--http-port={ports[0]}", f"--http-management-port={ports[3]}"),
    ]
    log = copy / "words.log"
    with log.open("wb") as words:
        process = subprocess.Popen(  # noqa: S603  # the program the developer named
            command,
            env=_environment(hub_url=hub_url, node_url=node_url),
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # the script's child is stopped with it
        )
    try:
        _wait(process, f"{health}/health/ready", log)
        yield Keycloak(url=url, hub_url=hub_url, node_url=node_url)
    finally:
        # Its data is thrown away, so it need not say goodbye.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment(*, hub_url: str, node_url: str) -> dict[str, str]:
    """Return what docker-compose.yml tells Keycloak, with the tests' values."""
    told = {
        "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN[0],
        "KC_BOOTSTRAP_ADMIN_PASSWORD": ADMIN[1],
        "KUWEI_HUB_URL": hub_url,
        "KUWEI_PROVINCE_URL": f"{hub_url}/province",
        "KUWEI_CITY_URL": f"{hub_url}/city",
        "KUWEI_COUNTY_URL": node_url,
    }
    secrets = {
        f"KUWEI_{name.upper().replace('-', '_')}_SECRET": secret
        for name, secret in SECRETS.items()
    }
    return os.environ | QUICK | told | secrets  # noqa: TID251  # passed on


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    limit = time.monotonic() + START_S
    while time.monotonic() < limit and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(address, trust_env=False, timeout=10).status_code == 200:
                return
        threading.Event().wait(0.25)
    raise TimeoutError(log.read_text(errors="replace")[-2000:])

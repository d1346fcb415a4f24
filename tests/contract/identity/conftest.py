"""Both providers with the deployed realm, and a hub and a node that trust Keycloak."""

from __future__ import annotations

from collections.abc import Iterator

import embedded
import keycloak_lab
import node_site_lab
import payment_api_lab
import provider_lab
import province_lab
import pytest
import web_lab
from keycloak_lab import Keycloak
from provider_lab import Ahead, Provided

from kuwei_hub.bootstrap import Hub
from kuwei_shared.kernel.clock import SystemClock


@pytest.fixture(scope="session")
def production() -> Iterator[tuple[Keycloak, list[str]]]:
    """One Keycloak for the test run, where a distribution is to be had.

    Beside it, the accounts it began with: those production begins with.
    """
    reason = keycloak_lab.missing()
    if reason is not None:
        pytest.skip(reason)
    with keycloak_lab.running() as found:
        accounts = found.ask("GET", "/users?max=1000")
        yield found, [account["username"] for account in accounts]


@pytest.fixture(scope="session")
def keycloak(production: tuple[Keycloak, list[str]]) -> Keycloak:
    """That Keycloak, with the people of the demo entered by its administrator."""
    found, _ = production
    found.admit_people()
    return found


@pytest.fixture(scope="session")
def keycloak_provided(keycloak: Keycloak) -> Iterator[Provided]:
    with provider_lab.provided(
        keycloak.issuer,
        keycloak.hub_url,
        keycloak_lab.SECRETS,
        provider_lab.enter_keycloak,
    ) as found:
        yield found


@pytest.fixture(scope="session")
def development_provided() -> Iterator[Provided]:
    """The stand-in, serving the files as the demo does."""
    port = embedded.free_port()
    url, hub_url = f"http://127.0.0.1:{port}", "http://127.0.0.1:8100"
    secrets = {name: f"{name}-demo-only" for name in keycloak_lab.SECRETS}
    with (
        web_lab.served(web_lab.issuer(web_lab.realm(), url, SystemClock()), port),
        provider_lab.provided(url, hub_url, secrets, provider_lab.choose) as found,
    ):
        yield found


@pytest.fixture(params=["development", "keycloak"])
def provided(request: pytest.FixtureRequest) -> Provided:
    """Each provider in turn."""
    found = request.getfixturevalue(f"{request.param}_provided")
    assert isinstance(found, Provided)
    return found


@pytest.fixture(scope="session")
def ahead() -> Ahead:
    return Ahead()


@pytest.fixture(scope="session")
def hub(
    keycloak: Keycloak,
    postgres: embedded.Postgres,
    tmp_path_factory: pytest.TempPathFactory,
    ahead: Ahead,
) -> Iterator[Hub]:
    """A hub of the demonstration province whose people come from Keycloak."""
    with web_lab.served_hub(
        web_lab.hub_database(postgres, "hub_keycloak"),
        tmp_path_factory.mktemp("hub"),
        ahead,
        web_url=keycloak.hub_url,
        issuer=keycloak.issuer,
        web_client_secret=keycloak_lab.SECRETS["hub-web"],
    ) as found:
        province_lab.settle(found)
        yield found


@pytest.fixture(scope="session")
def second(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Another web process of the hub, over the same database."""
    with web_lab.served_hub(
        hub.settings.database_url,
        tmp_path_factory.mktemp("second"),
        hub.clock,
        web_url=f"http://127.0.0.1:{embedded.free_port()}",
        issuer=hub.settings.issuer,
        web_client_secret=keycloak_lab.SECRETS["hub-web"],
    ) as found:
        yield found


@pytest.fixture(scope="session")
def node(
    keycloak: Keycloak,
    postgres: embedded.Postgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[payment_api_lab.PaymentSite]:
    """A county's node whose people and machines come from Keycloak."""
    machine = ("payment-system", keycloak_lab.SECRETS["payment-system"])
    with node_site_lab.trusting_node(
        node_site_lab.county_database(postgres, "node_keycloak"),
        tmp_path_factory.mktemp("node"),
        SystemClock(),
        web_url=keycloak.node_url,
        issuer=keycloak.issuer,
        web_client_secret=keycloak_lab.SECRETS["node-web"],
    ) as site:
        payment_api_lab.know_the_county(site.node)
        token = payment_api_lab.machine_token(keycloak.issuer, machine)
        yield payment_api_lab.PaymentSite(node=site.node, url=site.url, token=token)

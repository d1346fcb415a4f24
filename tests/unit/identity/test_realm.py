import json
import re
from pathlib import Path

import pytest

from kuwei_shared.identity.issuer import realm
from kuwei_shared.identity.issuer.app import DevelopmentOnlyWarning, create_issuer
from kuwei_shared.identity.issuer.realm import Realm
from kuwei_shared.identity.roles import Role, require_compatible
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError

FILE = Path(__file__).parents[3] / "deploy/keycloak/realm.json"
DEMO = FILE.with_name("demo.json")
OUTSIDE = re.compile(r"\$\{KUWEI_[A-Z_]+\}")


@pytest.fixture(scope="module")
def deployed() -> Realm:
    return realm.read(FILE, DEMO)


def test_the_realm_knows_every_post() -> None:
    document = json.loads(FILE.read_text())

    assert {role["name"] for role in document["roles"]["realm"]} == set(Role)


def test_no_account_of_the_realm_breaks_separation_of_duties(deployed: Realm) -> None:
    for user in deployed.users:
        require_compatible(Role(name) for name in user.roles)


def test_every_account_has_a_jurisdiction(deployed: Realm) -> None:
    assert all(deployed.jurisdictions(user) for user in deployed.users)


def test_people_sign_in_with_pkce_only() -> None:
    document = json.loads(FILE.read_text())
    clients = {client["clientId"]: client for client in document["clients"]}

    for name in ("hub-web", "node-web"):
        attributes = clients[name]["attributes"]
        assert attributes["pkce.code.challenge.method"] == "S256"
        assert not clients[name]["implicitFlowEnabled"]
        assert not clients[name]["directAccessGrantsEnabled"]


def test_the_demos_secrets_open_its_clients(deployed: Realm) -> None:
    client = deployed.client("hub-web")

    assert client is not None
    assert client.accepts_secret("hub-web-demo-only")
    assert not client.accepts_secret("")


def test_without_the_demo_a_client_opens_to_nothing_written_in_the_file() -> None:
    document = json.loads(FILE.read_text())
    alone = Realm.model_validate(document)

    for client, written in zip(alone.clients, document["clients"], strict=True):
        assert not client.accepts_secret("")
        assert not client.accepts_secret(written["secret"])
        assert not any(map(client.accepts_redirect, ["", *written["redirectUris"]]))


def test_the_file_keycloak_imports_holds_no_person() -> None:
    users = json.loads(FILE.read_text())["users"]

    assert all("serviceAccountClientId" in user for user in users)
    assert not any("credentials" in user for user in users)


def test_the_file_keycloak_imports_holds_no_secret_and_no_address() -> None:
    clients = json.loads(FILE.read_text())["clients"]

    for client in clients:
        assert OUTSIDE.fullmatch(client["secret"])
        for address in client["redirectUris"]:
            assert OUTSIDE.fullmatch(address.removesuffix("/auth/callback"))


def test_the_demo_adds_people_secrets_and_addresses_only() -> None:
    demo = json.loads(DEMO.read_text())

    assert set(demo) == {"clients", "users"}
    named = set[str]().union(*demo["clients"])
    assert named == {"clientId", "secret", "redirectUris"}
    # A password would be one everybody knows.
    assert not any("credentials" in user for user in demo["users"])


def test_only_registered_addresses_receive_codes(deployed: Realm) -> None:
    client = deployed.client("hub-web")

    assert client is not None
    assert client.accepts_redirect("http://127.0.0.1:8100/auth/callback")
    assert not client.accepts_redirect("http://127.0.0.1:8100/auth/callback/x")
    assert not client.accepts_redirect("http://evil.example/auth/callback")


def test_a_service_account_cannot_log_in_at_a_browser(deployed: Realm) -> None:
    assert deployed.user("service-account-payment-system") is None


def test_the_issuer_refuses_production(deployed: Realm) -> None:
    with pytest.raises(KuweiError) as refusal:
        create_issuer(deployed, url="http://id", clock=SetClock(), is_production=True)

    assert refusal.value.code == "issuer.production"


def test_the_issuer_warns_when_it_starts(deployed: Realm) -> None:
    with pytest.warns(DevelopmentOnlyWarning):
        create_issuer(deployed, url="http://id", clock=SetClock(), is_production=False)

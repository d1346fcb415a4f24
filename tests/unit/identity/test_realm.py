import json
from pathlib import Path

import pytest

from kuwei_shared.identity.issuer import realm
from kuwei_shared.identity.issuer.app import DevelopmentOnlyWarning, create_issuer
from kuwei_shared.identity.issuer.realm import Realm
from kuwei_shared.identity.roles import Role, require_compatible
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError

FILE = Path(__file__).parents[3] / "deploy/keycloak/realm.json"


@pytest.fixture(scope="module")
def deployed() -> Realm:
    return realm.read(FILE)


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


def test_what_keycloak_takes_from_its_environment_is_the_demos_here(
    deployed: Realm,
) -> None:
    client = deployed.client("hub-web")

    assert "${KUWEI_HUB_WEB_SECRET:hub-web-demo-only}" in FILE.read_text()
    assert client is not None
    assert client.accepts_secret("hub-web-demo-only")
    assert not client.accepts_secret("")


def test_everybody_chooses_a_password_at_the_first_login() -> None:
    people = [u for u in json.loads(FILE.read_text())["users"] if "credentials" in u]

    # Keycloak imports `temporary` passwords without asking for another.
    assert people
    assert all(user["requiredActions"] == ["UPDATE_PASSWORD"] for user in people)


def test_no_password_of_the_file_is_one_in_production() -> None:
    people = [u for u in json.loads(FILE.read_text())["users"] if "credentials" in u]

    values = {one["value"] for user in people for one in user["credentials"]}
    assert values == {"${KUWEI_FIRST_PASSWORD:kuwei-demo-only}"}


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

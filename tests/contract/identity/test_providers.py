"""What Kuwei asks of a provider: the development issuer and Keycloak answer alike.

Below that, what only a real Keycloak shows: the realm file imported, people at the
pages of a hub and a node, machines at the interface. One module, so that one worker
runs it all and one Keycloak is started.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httpx
import keycloak_lab
import provider_lab
import pytest
import web_lab
from audit_lab import Terminal
from keycloak_lab import Keycloak
from payment_api_lab import PaymentSite, machine_token, ordinary
from provider_lab import Ahead, Provided

from kuwei_hub.bootstrap import Hub
from kuwei_hub.cli import verbs
from kuwei_shared.identity import admin
from kuwei_shared.identity.machine import BearerGate
from kuwei_shared.identity.renewal import CONFIRM_AFTER
from kuwei_shared.identity.roles import Role
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.web.assembly import bearer_gate

pytestmark = pytest.mark.integration

REVIEWER = "450102-reviewer"
ABROAD = ("payment-system-abroad", "another-machine-of-tests")
TOWNSHIP, WHOLE = "450102101", "briefRepresentation=false"
COOKIE_MAX = 4_096
BUREAUS = {"450000000", "450100000", "450300000", "450102000", "450303000", "450181000"}


def gate(provided: Provided) -> BearerGate:
    """Return the machines' door of a node that trusts this provider."""
    return bearer_gate(provided.party, audience="node-api")


def machine(provided: Provided) -> tuple[str, str]:
    return "payment-system", provided.secrets["payment-system"]


def refused_login(provided: Provided, **changes: str | None) -> httpx.Response:
    """Ask for a login in another way than we do; return the last answer."""
    _, address = provided.party.begin("/")
    url = httpx.URL(address)
    asked = dict(url.params) | changes
    kept = {name: value for name, value in asked.items() if value is not None}
    with provider_lab.browser() as client:
        answer = client.get(url.copy_with(params=kept))
        return provider_lab.follow(client, answer, provided.callback)


def test_a_machine_is_admitted_with_its_post_and_jurisdictions(
    provided: Provided,
) -> None:
    token = machine_token(provided.issuer, machine(provided))

    caller = gate(provided).admit(f"Bearer {token}")

    assert caller.name == "支付系统"
    assert caller.roles == {Role.PAYMENT_SYSTEM}
    assert sorted(caller.jurisdictions) == sorted(f"{code}/*" for code in BUREAUS)


def test_a_machine_with_another_secret_gets_no_token(provided: Provided) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="401"):
        machine_token(provided.issuer, ("payment-system", "guessed"))


def test_a_person_is_known_by_post_name_and_jurisdiction(provided: Provided) -> None:
    who = provided.login(REVIEWER).principal

    assert who.name == "兴宁区 复核岗"
    assert who.roles == {Role.REVIEWER}
    assert who.jurisdictions == ("450102000/*",)
    assert not who.is_machine


def test_a_person_is_the_same_subject_at_every_login(provided: Provided) -> None:
    first = provided.login(REVIEWER)

    again = provided.login(REVIEWER)

    assert again.principal == first.principal


def test_a_persons_token_does_not_open_the_machines_door(provided: Provided) -> None:
    party = provided.party
    attempt, code = provided.code(REVIEWER)
    tokens = party.provider.exchange(party.client, code=code, verifier=attempt.verifier)

    with pytest.raises(KuweiError) as refusal:
        gate(provided).admit(f"Bearer {tokens.access_token}")

    assert refusal.value.code == "identity.token_refused"


def test_a_refresh_token_says_again_who_it_is_and_works_once(
    provided: Provided,
) -> None:
    login = provided.login(REVIEWER)

    again = provided.party.renew(login.refresh_token or "")

    assert again.principal == login.principal
    assert again.refresh_token not in {None, login.refresh_token}
    with pytest.raises(KuweiError, match="拒绝了本次登录"):
        provided.party.renew(login.refresh_token or "")


def test_a_code_works_once(provided: Provided) -> None:
    party = provided.party
    attempt, code = provided.code(REVIEWER)
    party.finish(attempt, state=attempt.state, code=code)

    with pytest.raises(KuweiError) as refusal:
        party.finish(attempt, state=attempt.state, code=code)

    assert refusal.value.code == "identity.code_refused"


def test_a_code_needs_the_verifier_it_was_asked_for_with(provided: Provided) -> None:
    party = provided.party
    _, code = provided.code(REVIEWER)

    with pytest.raises(KuweiError) as refusal:
        party.provider.exchange(party.client, code=code, verifier="v" * 64)

    assert refusal.value.code == "identity.code_refused"


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"response_type": "token"},
    ],
    ids=["no challenge", "plain challenge", "implicit flow"],
)
def test_a_login_asked_for_in_a_weaker_way_gives_nothing(
    provided: Provided, changes: dict[str, str | None]
) -> None:
    answer = refused_login(provided, **changes)

    back = urlsplit(answer.headers.get("location", ""))
    assert answer.status_code != httpx.codes.OK
    assert not {"code", "access_token"} & set(parse_qs(back.query + back.fragment))


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.example/auth/callback"},
        {"client_id": "payment-system"},
        {"client_id": "nobody"},
    ],
    ids=["address", "machine", "stranger"],
)
def test_what_nobody_registered_is_not_redirected_to(
    provided: Provided, changes: dict[str, str | None]
) -> None:
    answer = refused_login(provided, **changes)

    assert answer.is_client_error
    assert "location" not in answer.headers


def test_signing_out_leads_to_registered_places_only(provided: Provided) -> None:
    party = provided.party
    url = httpx.URL(party.provider.logout_url(party.client) or "")
    elsewhere = {"post_logout_redirect_uri": "https://evil.example/"}

    with provider_lab.browser() as client:
        known = client.get(url)
        unknown = client.get(url.copy_merge_params(elsewhere))

    assert not known.is_error
    assert unknown.status_code == httpx.codes.BAD_REQUEST


@pytest.fixture
def in_five_minutes(ahead: Ahead) -> Iterator[Callable[[], None]]:
    """Move the hub on by as long as a session goes unconfirmed."""
    yield lambda: setattr(ahead, "by", CONFIRM_AFTER)
    ahead.by = dt.timedelta()


def test_production_begins_without_a_person(
    production: tuple[Keycloak, list[str]],
) -> None:
    _, accounts = production

    assert accounts == []


def test_no_secret_of_production_is_one_of_the_demo(keycloak: Keycloak) -> None:
    demo = {one["secret"] for one in json.loads(web_lab.DEMO.read_text())["clients"]}

    kept = {name: keycloak.client(name)["secret"] for name in keycloak_lab.SECRETS}

    assert kept == keycloak_lab.SECRETS
    assert demo.isdisjoint(kept.values())


def test_keycloak_imports_the_realm_file_whole(keycloak: Keycloak) -> None:
    written = json.loads(web_lab.REALM.read_text())

    roles = {role["name"] for role in keycloak.ask("GET", "/roles?max=100")}
    groups = keycloak.ask("GET", "/groups?briefRepresentation=false")

    assert roles >= set(Role)
    assert {group["name"]: group["attributes"] for group in groups} == {
        group["name"]: group["attributes"] for group in written["groups"]
    }


def test_people_come_back_to_addresses_of_the_environment_alone(
    keycloak: Keycloak,
) -> None:
    client = keycloak.client("hub-web")

    assert client["redirectUris"] == [f"{keycloak.hub_url}/auth/callback"]


def test_nobody_names_themselves(keycloak: Keycloak) -> None:
    profile = keycloak.ask("GET", "/users/profile")

    # A name stands in the audit log; its bearer must not choose it.
    edited_by = {tuple(one["permissions"]["edit"]) for one in profile["attributes"]}
    assert edited_by == {("admin",)}
    assert profile.get("unmanagedAttributePolicy") is None


@pytest.mark.parametrize("chosen", ["short", keycloak_lab.FIRST_PASSWORD])
def test_the_first_login_asks_for_a_better_password(hub: Hub, chosen: str) -> None:
    first = {"username": "450181-auditor", "password": keycloak_lab.FIRST_PASSWORD}
    with provider_lab.browser(hub.settings.web_url) as client:
        page = provider_lab.follow(client, client.get("/auth/login"))
        entered = provider_lab.submit(client, page, **first)
        asked = provider_lab.follow(client, entered)
        poor = {"password-new": chosen, "password-confirm": chosen}
        refused = provider_lab.submit(client, asked, **poor)

    assert 'name="password-new"' in asked.text
    assert refused.status_code == httpx.codes.OK
    assert 'name="password-new"' in refused.text


def test_a_wrong_password_opens_nothing(hub: Hub) -> None:
    with provider_lab.browser(hub.settings.web_url) as client:
        page = provider_lab.follow(client, client.get("/auth/login"))
        answer = provider_lab.submit(
            client, page, username="450181-monitor", password="kuwei-demo-only"
        )

    assert answer.status_code == httpx.codes.OK
    assert 'name="password"' in answer.text


@pytest.mark.parametrize(
    ("username", "path", "shown"),
    [
        ("province-monitor", "/territory?level=county", "兴宁区"),
        ("province-auditor", "/audit", "自治区 内控审计岗"),
    ],
)
def test_a_person_works_at_the_hub(
    hub: Hub, username: str, path: str, shown: str
) -> None:
    with provider_lab.at_keycloak(hub.settings.web_url, username) as client:
        page = client.get(path)

    assert page.status_code == httpx.codes.OK
    assert shown in page.text


def test_a_person_works_at_a_node_and_not_outside_their_post(node: PaymentSite) -> None:
    with provider_lab.at_keycloak(node.url, "450102-monitor") as client:
        payments, log = client.get("/payments"), client.get("/audit")

    assert "兴宁区 监控岗" in payments.text
    assert (payments.status_code, log.status_code) == (200, 403)


def test_what_keycloak_gives_fits_into_cookies(hub: Hub) -> None:
    with provider_lab.at_keycloak(hub.settings.web_url, REVIEWER) as client:
        sizes = [
            len(cookie.name) + len(cookie.value or "") for cookie in client.cookies.jar
        ]

    # What is larger a browser drops without a word (RFC 6265, 6.1).
    assert max(sizes) < COOKIE_MAX


def test_signing_out_ends_the_session_at_keycloak_without_a_question(hub: Hub) -> None:
    url = hub.settings.web_url
    with provider_lab.at_keycloak(url, "province-leader") as client:
        token = web_lab.csrf_token(client.get("/territory"))
        left = client.post("/auth/logout", data={"csrf_token": token})
        back = provider_lab.follow(client, left, stop=url)
        again = provider_lab.follow(client, client.get("/auth/login"))

    assert back.headers["location"] == f"{url}/"
    assert 'name="password"' in again.text


def test_who_keeps_the_post_notices_no_confirmation(
    hub: Hub, in_five_minutes: Callable[[], None]
) -> None:
    with provider_lab.at_keycloak(hub.settings.web_url, "province-assessor") as client:
        before = client.cookies["kuwei-hub-token"]
        in_five_minutes()
        page = client.get("/territory")

        assert page.status_code == httpx.codes.OK
        assert client.cookies["kuwei-hub-token"] != before


def test_two_processes_that_confirm_at_once_leave_the_session_alone(
    hub: Hub, second: Hub, keycloak: Keycloak, in_five_minutes: Callable[[], None]
) -> None:
    name = "450181-reviewer"
    pages = [f"{one.settings.web_url}/territory" for one in (hub, second)] * 2
    with provider_lab.at_keycloak(hub.settings.web_url, name) as client:
        in_five_minutes()
        with ThreadPoolExecutor(len(pages)) as pool:
            answers = list(pool.map(client.get, pages))

    assert [answer.status_code for answer in answers] == [200] * len(pages)
    # Keycloak would have ended it had a refresh token come twice.
    assert len(keycloak.ask("GET", f"/users/{keycloak.user(name)}/sessions")) == 1


def test_a_post_withdrawn_at_keycloak_is_gone_in_minutes(
    hub: Hub, keycloak: Keycloak, in_five_minutes: Callable[[], None]
) -> None:
    user = keycloak.user("province-auditor")
    with provider_lab.at_keycloak(hub.settings.web_url, "province-auditor") as client:
        before = client.get("/audit")
        keycloak.withdraw(user, "auditor")
        keycloak.assign(user, "monitor")
        in_five_minutes()
        after = client.get("/audit")

    assert (before.status_code, after.status_code) == (200, 403)


def test_an_account_closed_at_keycloak_is_out_in_minutes(
    hub: Hub, keycloak: Keycloak, in_five_minutes: Callable[[], None]
) -> None:
    name = "province-rule-drafter"
    with provider_lab.at_keycloak(hub.settings.web_url, name) as client:
        keycloak.ask("PUT", f"/users/{keycloak.user(name)}", {"enabled": False})
        in_five_minutes()
        answer = client.get("/territory")

    assert answer.is_redirect
    assert answer.headers["location"].startswith("/auth/login")


def test_a_payment_system_is_answered(node: PaymentSite) -> None:
    answer = node.screen(ordinary("keycloak-1"))

    assert answer.status_code == httpx.codes.OK, answer.text
    assert answer.json()["answers"][0]["payment_id"] == "keycloak-1"


def test_a_payment_system_of_another_bureau_is_refused(
    node: PaymentSite, keycloak: Keycloak
) -> None:
    known = keycloak.client("payment-system")["protocolMappers"]
    mappers = [mapper | {"id": None} for mapper in known]
    user = keycloak.register(*ABROAD, protocolMappers=mappers)
    keycloak.assign(user, "payment-system")
    (group,) = keycloak.ask("GET", "/groups?search=450303000")
    keycloak.ask("PUT", f"/users/{user}/groups/{group['id']}")
    token = machine_token(keycloak.issuer, ABROAD)

    with node.client(token) as client:
        body = {"payments": [ordinary("keycloak-abroad")]}
        answer = client.post("/v1/payments:screen", json=body)

    assert answer.status_code == httpx.codes.FORBIDDEN
    assert answer.json()["code"] == "scope.outside"


def test_a_token_of_another_realm_of_the_server_is_refused(
    node: PaymentSite, keycloak: Keycloak
) -> None:
    with node.client(keycloak.admin_token()) as client:
        body = {"payments": [ordinary("keycloak-realm")]}
        answer = client.post("/v1/payments:screen", json=body)

    assert answer.status_code == httpx.codes.UNAUTHORIZED
    assert answer.json()["code"] == "identity.token_refused"


@pytest.fixture(scope="session")
def operator(hub: Hub, keycloak: Keycloak) -> Terminal:
    """The hub's terminal, with an account that may administer the realm."""
    name, secret = keycloak_lab.SYNC
    user = keycloak.register(name, secret)
    keycloak.assign(user, *keycloak_lab.SYNC_ROLES, client="realm-management")
    settings = {
        "KUWEI_MODE": "development",
        "KUWEI_DATABASE_URL": hub.settings.database_url,
        "KUWEI_ISSUER": keycloak.issuer,
        "KUWEI_REALM_CLIENT_ID": name,
        "KUWEI_REALM_CLIENT_SECRET": secret,
    }
    return Terminal(verbs=verbs, ledger=hub.audit.ledger, settings=settings)


def test_syncing_adds_the_territory_once(
    operator: Terminal, keycloak: Keycloak
) -> None:
    first = operator.type("sync-realm")
    again = operator.type("sync-realm")

    assert "新增 2 个组,更名 0 个" in first.output
    assert "新增 0 个组,更名 0 个" in again.output
    assert "请核对" not in again.output
    (group,) = keycloak.ask("GET", f"/groups?search={TOWNSHIP}&{WHOLE}")
    assert group["attributes"] == {"jurisdictions": [f"{TOWNSHIP}/*"]}
    assert operator.acts()[-1] == ("同步统一认证", keycloak.issuer)


def test_syncing_page_by_page_finds_every_group(
    operator: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator.type("sync-realm")
    monkeypatch.setattr(admin, "GROUPS_PAGE", 1)
    monkeypatch.setattr(admin, "GROUPS_MAX", 50)

    again = operator.type("sync-realm")

    assert "新增 0 个组,更名 0 个" in again.output
    assert "请核对" not in again.output


def test_syncing_renames_and_leaves_scopes_alone(
    operator: Terminal, keycloak: Keycloak
) -> None:
    (group,) = keycloak.ask("GET", f"/groups?search=450181000&{WHOLE}")
    wide = {"jurisdictions": ["450000000/*"]}
    changed = group | {"name": "450181000 横县", "attributes": wide}
    keycloak.ask("PUT", f"/groups/{group['id']}", changed)

    result = operator.type("sync-realm")

    assert "更名 1 个" in result.output
    assert "请核对组 450181000 的管辖范围" in result.output
    after = keycloak.ask("GET", f"/groups/{group['id']}")
    assert (after["name"], after["attributes"]) == ("450181000 横州市", wide)
    keycloak.ask("PUT", f"/groups/{group['id']}", group)


def test_an_account_that_may_not_administer_syncs_nothing(
    operator: Terminal, keycloak: Keycloak
) -> None:
    before = operator.acts()
    keycloak.register("realm-stranger", "stranger-of-tests")
    stranger = {
        "KUWEI_REALM_CLIENT_ID": "realm-stranger",
        "KUWEI_REALM_CLIENT_SECRET": "stranger-of-tests",
    }

    results = [
        operator.type("sync-realm", **stranger),
        operator.type("sync-realm", KUWEI_REALM_CLIENT_SECRET="guessed"),
    ]

    for result in results:
        assert isinstance(result.exception, KuweiError)
        assert result.exception.code == "realm.refused"
    assert operator.acts() == before

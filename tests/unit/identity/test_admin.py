from collections.abc import Mapping, Sequence
from inspect import signature

import pytest

from kuwei_shared.identity import admin
from kuwei_shared.identity.admin import RealmAccount, group_name, sync
from kuwei_shared.identity.roles import Role
from kuwei_shared.kernel.errors import KuweiError

CITY = {"450100000": "南宁市本级"}


def account(issuer: str) -> RealmAccount:
    return RealmAccount(issuer=issuer, client_id="sync", client_secret="hush-hush")


class MemoryRealm:
    """A realm in memory, as the administration port sees it."""

    def __init__(self, *groups: dict[str, object]) -> None:
        self.groups = list(groups)
        self.roles: dict[str, dict[str, object]] = {}

    def get_groups(self, query: dict[str, int | str]) -> Sequence[Mapping[str, object]]:
        # Keycloak leaves attributes out unless told otherwise.
        assert query["briefRepresentation"] == "false"
        first, most = int(query.get("first", 0)), int(query["max"])
        return self.groups[first : first + most]

    def create_group(self, payload: dict[str, object], *, skip_exists: bool) -> None:
        assert skip_exists
        self.groups.append(payload)

    def update_group(self, group_id: str, payload: dict[str, object]) -> None:
        (found,) = (one for one in self.groups if one["id"] == group_id)
        found.update(payload)

    def create_realm_role(
        self, payload: dict[str, object], *, skip_exists: bool
    ) -> None:
        assert skip_exists
        self.roles[str(payload["name"])] = payload


def group(name: str, *granted: str) -> dict[str, object]:
    return {"id": name[:3], "name": name, "attributes": {"jurisdictions": [*granted]}}


def test_sync_makes_a_group_per_jurisdiction_with_its_scope() -> None:
    found = MemoryRealm()

    report = sync(found, CITY)

    assert report.groups_added == 1
    assert found.groups[0]["name"] == group_name("450100000", "南宁市本级")
    assert found.groups[0]["attributes"] == {"jurisdictions": ["450100000/*"]}
    assert set(found.roles) == set(Role)


def test_sync_twice_adds_nothing() -> None:
    found = MemoryRealm()
    sync(found, CITY)

    report = sync(found, CITY)

    assert (report.groups_added, report.groups_renamed, report.odd) == (0, 0, ())
    assert len(found.groups) == 1


def test_a_jurisdiction_that_is_renamed_keeps_its_group_and_its_people() -> None:
    found = MemoryRealm(group("450100000 邕州", "450100000"))

    report = sync(found, CITY)

    assert (report.groups_added, report.groups_renamed, report.odd) == (0, 1, ())
    assert found.groups == [
        {
            "id": "450",
            "name": "450100000 南宁市本级",
            "attributes": {"jurisdictions": ["450100000"]},
        }
    ]


def test_of_more_groups_than_a_page_none_is_made_twice() -> None:
    many = {f"{number:09}": "县" for number in range(5 * admin.GROUPS_PAGE + 1)}
    found = MemoryRealm(*(group(group_name(code, "县"), f"{code}/*") for code in many))

    report = sync(found, many)

    assert (report.groups_added, report.groups_renamed, report.odd) == (0, 0, ())
    assert len(found.groups) == len(many)


def test_a_realm_whose_groups_cannot_all_be_read_gets_none() -> None:
    others = (group("机关后勤") for _ in range(admin.GROUPS_MAX))
    found = MemoryRealm(*others)

    with pytest.raises(KuweiError, match="没有新增任何组") as refusal:
        sync(found, CITY)

    assert refusal.value.code == "realm.too_large"
    assert len(found.groups) == admin.GROUPS_MAX


@pytest.mark.parametrize(
    "strange",
    [
        group("450100000 南宁市本级", "450000000/*"),
        group("450100000 南宁市本级", "450100000/*", "450300000"),
        group("450100000 南宁市本级"),
        {"id": "450", "name": "450100000 南宁市本级"},
    ],
    ids=["another's scope", "more than its own", "no scope", "no attribute"],
)
def test_a_scope_that_is_not_the_groups_own_is_named_and_left(
    strange: dict[str, object],
) -> None:
    found, before = MemoryRealm(strange), dict(strange)

    report = sync(found, CITY)

    assert report.odd == ("450100000",)
    assert "请核对组 450100000 的管辖范围" in report.words
    assert found.groups == [before]


def test_a_group_of_a_jurisdiction_that_is_no_more_is_named() -> None:
    found = MemoryRealm(group("450122000 武鸣县", "450122000/*"))

    report = sync(found, CITY)

    assert report.odd == ("450122000",)
    assert len(found.groups) == 2


def test_groups_of_others_in_a_shared_realm_are_passed_by() -> None:
    found = MemoryRealm(group("机关后勤", "everything"), group("12345 值班"))

    assert sync(found, CITY).odd == ()


def test_an_issuer_that_is_no_keycloak_is_refused_by_name() -> None:
    with pytest.raises(KuweiError, match="8103") as refusal:
        admin.connect(account("http://127.0.0.1:8103"))

    assert refusal.value.code == "realm.not_keycloak"


def test_the_accounts_secret_is_not_printed() -> None:
    assert "hush" not in repr(account("http://id"))


def test_the_real_client_takes_the_arguments_sync_gives() -> None:
    found = admin.connect(account("http://127.0.0.1:1/realms/kuwei"))

    for call in (found.create_group, found.create_realm_role):
        assert {"payload", "skip_exists"} <= set(signature(call).parameters)
    assert "query" in signature(found.get_groups).parameters
    assert {"group_id", "payload"} <= set(signature(found.update_group).parameters)

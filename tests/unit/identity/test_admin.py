from collections.abc import Mapping, Sequence
from inspect import signature

from kuwei_shared.identity import admin
from kuwei_shared.identity.admin import group_name, sync
from kuwei_shared.identity.roles import Role


class MemoryRealm:
    """A realm in memory, as the administration port sees it."""

    def __init__(self) -> None:
        self.groups: list[dict[str, object]] = []
        self.roles: dict[str, dict[str, object]] = {}

    def get_groups(self, query: dict[str, int]) -> Sequence[Mapping[str, object]]:
        return self.groups[: query["max"]]

    def create_group(self, payload: dict[str, object], *, skip_exists: bool) -> None:
        assert skip_exists
        self.groups.append(payload)

    def create_realm_role(
        self, payload: dict[str, object], *, skip_exists: bool
    ) -> None:
        assert skip_exists
        self.roles[str(payload["name"])] = payload


def test_sync_makes_a_group_per_jurisdiction_with_its_scope() -> None:
    found = MemoryRealm()

    report = sync(found, {"450100000": "南宁市本级"})

    assert report.groups_added == 1
    assert found.groups[0]["name"] == group_name("450100000", "南宁市本级")
    assert found.groups[0]["attributes"] == {"jurisdictions": ["450100000/*"]}
    assert set(found.roles) == set(Role)


def test_sync_twice_adds_nothing() -> None:
    found = MemoryRealm()
    sync(found, {"450100000": "南宁市本级"})

    report = sync(found, {"450100000": "南宁市本级"})

    assert report.groups_added == 0
    assert len(found.groups) == 1


def test_the_real_client_takes_the_arguments_sync_gives() -> None:
    found = admin.connect(
        "http://127.0.0.1:1", realm="kuwei", client_id="sync", client_secret="x"
    )

    for call in (found.create_group, found.create_realm_role):
        assert {"payload", "skip_exists"} <= set(signature(call).parameters)
    assert "query" in signature(found.get_groups).parameters

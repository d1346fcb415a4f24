"""Keeping a Keycloak realm in step with Kuwei's jurisdictions and posts.

One group per jurisdiction, carrying its ``jurisdictions`` attribute, and one
realm role per post. Sync adds and corrects; it deletes nothing, because people
may still belong to what it would delete.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kuwei_shared.identity.roles import TITLES
from kuwei_shared.identity.scope import SUBTREE

ATTRIBUTE = "jurisdictions"
GROUPS_MAX = 5_000


class RealmAdministration(Protocol):
    """What sync asks of ``keycloak.KeycloakAdmin``."""

    def get_groups(self, query: dict[str, int]) -> Sequence[Mapping[str, object]]:
        """Return top-level groups."""
        ...

    def create_group(self, payload: dict[str, object], *, skip_exists: bool) -> object:
        """Create a top-level group."""
        ...

    def create_realm_role(
        self, payload: dict[str, object], *, skip_exists: bool
    ) -> object:
        """Create a realm role."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What a sync added."""

    groups_added: int
    roles_ensured: int


def connect(
    server_url: str, *, realm: str, client_id: str, client_secret: str
) -> RealmAdministration:
    """Return the administration client of a realm (service account)."""
    with warnings.catch_warnings():
        # python-keycloak 7 still imports modules that announce their renaming.
        warnings.simplefilter("ignore", DeprecationWarning)
        from keycloak import KeycloakAdmin, KeycloakOpenIDConnection  # noqa: PLC0415  # a heavy import only sync needs

    connection = KeycloakOpenIDConnection(
        server_url=server_url,
        realm_name=realm,
        client_id=client_id,
        client_secret_key=client_secret,
        verify=True,
    )
    administration: RealmAdministration = KeycloakAdmin(connection=connection)
    return administration


def sync(
    administration: RealmAdministration, jurisdictions: Mapping[str, str]
) -> SyncReport:
    """Ensure a group per jurisdiction and a role per post.

    Args:
        administration: the realm.
        jurisdictions: nine-digit code to Chinese name.
    """
    for role, title in TITLES.items():
        administration.create_realm_role(
            {"name": role.value, "description": title}, skip_exists=True
        )
    known = {g["name"] for g in administration.get_groups({"max": GROUPS_MAX})}
    missing = {
        code: name
        for code, name in jurisdictions.items()
        if group_name(code, name) not in known
    }
    for code, name in missing.items():
        administration.create_group(
            {
                "name": group_name(code, name),
                "attributes": {ATTRIBUTE: [f"{code}{SUBTREE}"]},
            },
            skip_exists=True,
        )
    return SyncReport(groups_added=len(missing), roles_ensured=len(TITLES))


def group_name(code: str, name: str) -> str:
    """Return how a jurisdiction's group is called in the realm."""
    return f"{code} {name}"

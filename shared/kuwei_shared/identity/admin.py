"""Keeping a Keycloak realm in step with Kuwei's jurisdictions and posts.

One group per jurisdiction, carrying its ``jurisdictions`` attribute, and one
realm role per post. Sync adds and renames. It deletes nothing and changes no
group's scope, for people belong to it: what looks wrong is named instead.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from kuwei_shared.identity.roles import TITLES
from kuwei_shared.identity.scope import SUBTREE
from kuwei_shared.kernel.errors import Kind, KuweiError

ATTRIBUTE = "jurisdictions"
GROUPS_PAGE = 1_000
GROUPS_MAX = 50_000
TIMEOUT_S = 30
_NAME = re.compile(r"(?P<code>[0-9]{9}) .+")
_REALM = re.compile(r"(?P<server>.*)/realms/(?P<realm>[^/]+)")

Group = Mapping[str, object]


class RealmAdministration(Protocol):
    """What sync asks of ``keycloak.KeycloakAdmin``."""

    def get_groups(self, query: dict[str, int | str]) -> Sequence[Group]:
        """Return top-level groups from ``first`` on, ``max`` at most, by name."""
        ...

    def create_group(self, payload: dict[str, object], *, skip_exists: bool) -> object:
        """Create a top-level group."""
        ...

    def update_group(self, group_id: str, payload: dict[str, object]) -> object:
        """Change what the payload names of a group."""
        ...

    def create_realm_role(
        self, payload: dict[str, object], *, skip_exists: bool
    ) -> object:
        """Create a realm role."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RealmAccount:
    """The service account that may administer the realm of an issuer."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What a sync did, and what it left to a person.

    Attributes:
        odd: codes of groups of no open jurisdiction, or whose scope is not theirs.
    """

    groups_added: int
    groups_renamed: int
    roles_ensured: int
    odd: tuple[str, ...]

    @property
    def words(self) -> str:
        """The report as an operator reads it."""
        done = (
            f"新增 {self.groups_added} 个组,更名 {self.groups_renamed} 个;"
            f"岗位 {self.roles_ensured} 个"
        )
        asked = [f"请核对组 {code} 的管辖范围" for code in self.odd]
        return "\n".join([done, *asked])


def sync_realm(account: RealmAccount, jurisdictions: Mapping[str, str]) -> SyncReport:
    """Bring the realm of an issuer in step; a province takes some minutes.

    Raises:
        KuweiError: ``realm.not_keycloak`` when the issuer is no Keycloak realm,
            ``realm.refused`` when the realm cannot be reached or says no,
            ``realm.too_large`` when its groups cannot all be read. What was done
            until then stays, and is found done the next time.
    """
    from keycloak.exceptions import KeycloakError  # noqa: PLC0415  # a heavy import only sync needs

    administration = connect(account)
    try:
        return sync(administration, jurisdictions)
    except KeycloakError as error:
        raise KuweiError(
            "realm.refused",
            f"统一认证 {urlsplit(account.issuer).netloc} 没有完成同步"
            f"({error.response_code or '无法连接'}),请检查地址以及客户端"
            f" {account.client_id} 的密钥与 realm-management 角色,然后重新运行。",
            kind=Kind.UNAVAILABLE,
        ) from error


def connect(account: RealmAccount) -> RealmAdministration:
    """Return the administration client of a realm (service account).

    Raises:
        KuweiError: ``realm.not_keycloak``.
    """
    found = _REALM.fullmatch(account.issuer)
    if found is None:
        raise KuweiError(
            "realm.not_keycloak",
            f"签发地址 {account.issuer} 不是 Keycloak 的域(…/realms/名称),无法同步;"
            "请检查设置 KUWEI_ISSUER。",
        )
    with warnings.catch_warnings():
        # python-keycloak 7 still imports modules that announce their renaming.
        warnings.simplefilter("ignore", DeprecationWarning)
        from keycloak import KeycloakAdmin, KeycloakOpenIDConnection  # noqa: PLC0415  # a heavy import only sync needs

    connection = KeycloakOpenIDConnection(
        server_url=found["server"],
        realm_name=found["realm"],
        client_id=account.client_id,
        client_secret_key=account.client_secret,
        verify=True,
        timeout=TIMEOUT_S,
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

    Raises:
        KuweiError: ``realm.too_large`` before any group is made.
    """
    for role, title in TITLES.items():
        administration.create_realm_role(
            {"name": role.value, "description": title}, skip_exists=True
        )
    standing = _standing(administration)
    missing = [code for code in jurisdictions if code not in standing]
    for code in missing:
        administration.create_group(
            {
                "name": group_name(code, jurisdictions[code]),
                "attributes": {ATTRIBUTE: [f"{code}{SUBTREE}"]},
            },
            skip_exists=True,
        )
    renamed = [
        (group, group_name(code, jurisdictions[code]))
        for code, group in standing.items()
        if code in jurisdictions
        and group["name"] != group_name(code, jurisdictions[code])
    ]
    for group, name in renamed:
        administration.update_group(str(group["id"]), {"name": name})
    odd = [
        code
        for code, group in standing.items()
        if code not in jurisdictions or not _is_its_own(group, code)
    ]
    return SyncReport(
        groups_added=len(missing),
        groups_renamed=len(renamed),
        roles_ensured=len(TITLES),
        odd=tuple(sorted(odd)),
    )


def group_name(code: str, name: str) -> str:
    """Return how a jurisdiction's group is called in the realm."""
    return f"{code} {name}"


def _standing(administration: RealmAdministration) -> dict[str, Group]:
    """Return the realm's groups of jurisdictions by code; it may hold others."""
    found = {}
    for group in _groups(administration):
        named = _NAME.fullmatch(str(group["name"]))
        if named is not None:
            found[named["code"]] = group
    return found


def _groups(administration: RealmAdministration) -> Iterator[Group]:
    """Yield every top-level group: one not seen would be made a second time."""
    for first in range(0, GROUPS_MAX, GROUPS_PAGE):
        page = administration.get_groups(
            {"first": first, "max": GROUPS_PAGE, "briefRepresentation": "false"}
        )
        yield from page
        if len(page) < GROUPS_PAGE:
            return
    raise KuweiError(
        "realm.too_large",
        f"统一认证的域里有 {GROUPS_MAX} 个以上的顶层组,无法逐一核对,没有新增任何组;"
        "请改用专门的域,或清理不用的组,然后重新运行。",
    )


def _is_its_own(group: Group, code: str) -> bool:
    """Whether a group grants its jurisdiction, with or without those below."""
    attributes = group.get("attributes")
    granted = attributes.get(ATTRIBUTE) if isinstance(attributes, dict) else None
    return granted in ([code], [f"{code}{SUBTREE}"])

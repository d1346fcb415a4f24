"""The realm file, read the way Keycloak reads it: only what Kuwei relies on.

``deploy/keycloak/realm.json`` is in Keycloak's import format. Roles come from
``realmRoles``, jurisdictions from the ``jurisdictions`` attribute of the user's
groups, as the two protocol mappers in that file say. ``demo.json`` beside it holds
what no Keycloak may import: people, client secrets and addresses of the demo.
"""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_PLACEHOLDER = re.compile(r"\$\{[A-Z0-9_]+\}")
ATTRIBUTE = "jurisdictions"

Document = dict[str, Any]  # Any: JSON


def _told(text: str) -> str:
    """Return a text, or nothing where Keycloak takes it from its environment."""
    return "" if _PLACEHOLDER.search(text) else text


Text = Annotated[str, AfterValidator(_told)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Mapper(_Part):
    """A protocol mapper; only the audience mapper is read."""

    kind: str = Field(alias="protocolMapper")
    config: dict[str, str]


class RealmClient(_Part):
    """A registered client."""

    client_id: str = Field(alias="clientId")
    name: str = ""
    secret: Text = ""
    redirect_uris: list[Text] = Field(default_factory=list, alias="redirectUris")
    code_flow: bool = Field(default=False, alias="standardFlowEnabled")
    service_account: bool = Field(default=False, alias="serviceAccountsEnabled")
    mappers: list[Mapper] = Field(default_factory=list, alias="protocolMappers")

    def accepts_redirect(self, address: str) -> bool:
        """Whether an address is registered: exactly, or by a trailing star."""
        return bool(address) and any(
            address == known or (known.endswith("*") and address.startswith(known[:-1]))
            for known in self.redirect_uris
        )

    def accepts_secret(self, offered: str) -> bool:
        """Whether the client proved itself; one without a secret cannot."""
        is_same = secrets.compare_digest(self.secret.encode(), offered.encode())
        return bool(self.secret) and is_same

    @property
    def audiences(self) -> list[str]:
        """Audiences its access tokens carry beside the client itself."""
        key = "included.custom.audience"
        return [m.config[key] for m in self.mappers if key in m.config]


class Group(_Part):
    """A group per jurisdiction, with the scope it grants."""

    name: str
    attributes: dict[str, list[str]] = Field(default_factory=dict)


class User(_Part):
    """A person, or the service account of a client."""

    username: str
    first_name: str = Field(default="", alias="firstName")
    last_name: str = Field(default="", alias="lastName")
    roles: list[str] = Field(default_factory=list, alias="realmRoles")
    groups: list[str] = Field(default_factory=list)
    service_client: str | None = Field(default=None, alias="serviceAccountClientId")

    @property
    def name(self) -> str:
        """The name claim, composed as Keycloak composes it."""
        return f"{self.first_name} {self.last_name}".strip() or self.username


class Realm(_Part):
    """Users, groups and clients of the realm."""

    realm: str
    clients: list[RealmClient]
    groups: list[Group]
    users: list[User]

    def client(self, client_id: str) -> RealmClient | None:
        """Return a client by id."""
        return next((c for c in self.clients if c.client_id == client_id), None)

    def user(self, username: str) -> User | None:
        """Return a person by account name; service accounts cannot log in."""
        return next((u for u in self.people if u.username == username), None)

    def service_user(self, client_id: str) -> User | None:
        """Return the service account of a client."""
        return next((u for u in self.users if u.service_client == client_id), None)

    @property
    def people(self) -> list[User]:
        """Everyone who may log in at a browser."""
        return [user for user in self.users if user.service_client is None]

    def jurisdictions(self, user: User) -> list[str]:
        """Return the scope a user's groups grant, as the mapper would claim it."""
        granted = {
            code
            for group in self.groups
            if f"/{group.name}" in user.groups
            for code in group.attributes.get(ATTRIBUTE, [])
        }
        return sorted(granted)


def read(realm: Path, demo: Path) -> Realm:
    """Read the realm every Keycloak imports, and what the demo adds to it."""
    documents = (json.loads(path.read_bytes()) for path in (realm, demo))
    return Realm.model_validate(combined(*documents))


def combined(realm: Document, demo: Document) -> Document:
    """Return a realm with the demo's people, secrets and addresses."""
    own = {client["clientId"]: client for client in demo["clients"]}
    clients = [one | own.get(one["clientId"], {}) for one in realm["clients"]]
    return realm | {"clients": clients, "users": [*realm["users"], *demo["users"]]}

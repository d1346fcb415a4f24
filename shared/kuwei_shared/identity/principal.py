"""The person or machine a verified token stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NewType

from kuwei_shared.identity.roles import MACHINES, TITLES, Role, require_compatible
from kuwei_shared.kernel.errors import Kind, KuweiError

Subject = NewType("Subject", str)

JURISDICTIONS_MAX = 200
ROLES_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who acts.

    Attributes:
        subject: the issuer's stable identifier; what the audit log records.
        name: shown on pages.
        roles: posts held; never an incompatible combination.
        jurisdictions: the claim as issued: ``450102000`` is that jurisdiction,
            ``450100000/*`` it and all below it by fiscal parent.
    """

    subject: Subject
    name: str
    roles: frozenset[Role]
    jurisdictions: tuple[str, ...]

    @property
    def is_machine(self) -> bool:
        """Whether this is a client-credentials caller."""
        return bool(self.roles & MACHINES)

    @property
    def titles(self) -> str:
        """Chinese names of the posts held, in a stable order."""
        return "、".join(TITLES[role] for role in sorted(self.roles))


def from_claims(claims: Mapping[str, object]) -> Principal:
    """Build the principal a verified token describes.

    Roles the realm knows and Kuwei does not are ignored: a realm is shared.

    Raises:
        KuweiError: ``identity.no_role``, ``identity.incompatible_roles`` or
            ``identity.bad_claims``.
    """
    roles = frozenset(
        Role(value) for value in _texts(claims, "roles", ROLES_MAX) if value in _KNOWN
    )
    require_compatible(roles)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise _bad_claims("sub")
    if not roles:
        raise KuweiError(
            "identity.no_role",
            "账号没有库卫岗位,请联系本级系统管理员授予岗位。",
            kind=Kind.DENIED,
        )
    return Principal(
        subject=Subject(subject),
        name=str(claims.get("name") or claims.get("preferred_username") or subject),
        roles=roles,
        jurisdictions=_texts(claims, "jurisdictions", JURISDICTIONS_MAX),
    )


_KNOWN = frozenset(role.value for role in Role)


def _texts(claims: Mapping[str, object], name: str, limit: int) -> tuple[str, ...]:
    values = claims.get(name, [])
    if not isinstance(values, list) or len(values) > limit:
        raise _bad_claims(name)
    if not all(isinstance(value, str) for value in values):
        raise _bad_claims(name)
    return tuple(values)


def _bad_claims(name: str) -> KuweiError:
    return KuweiError(
        "identity.bad_claims",
        f"身份令牌中的 {name} 声明不合规,请系统管理员检查统一认证的映射设置。",
        kind=Kind.UNAUTHENTICATED,
        details={"claim": name},
    )

"""What a caller may see, as a type no one else can make.

Every store read demands a VisibleJurisdictions, and only this module makes one:
forgetting authorisation is a type error, not a leak. Row-level security in
PostgreSQL (``kuwei_shared.db.row_security``) is the second wall.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from kuwei_shared.identity.principal import Principal
from kuwei_shared.kernel.errors import Kind, KuweiError

Below = Callable[[Collection[str]], Iterable[str]]
"""Codes of some jurisdictions and everything under them by fiscal parent."""

SUBTREE: Final = "/*"
EVERYTHING: Final = "*"
_CODE: Final = re.compile(r"[0-9]{9}")
_SEAL: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibleJurisdictions:
    """The jurisdictions a caller may see.

    Attributes:
        codes: nine-digit codes; empty when ``is_everything``.
        is_everything: the whole database, for the service's own tasks only.
    """

    codes: frozenset[str]
    is_everything: bool = False
    _seal: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self._seal is not _SEAL:
            raise TypeError("VisibleJurisdictions is made by identity.scope only")

    def allows(self, code: str) -> bool:
        """Whether one jurisdiction may be seen."""
        return self.is_everything or code in self.codes

    def require(self, code: str) -> None:
        """Refuse a jurisdiction outside the scope.

        Raises:
            KuweiError: ``scope.outside``; the same for codes that do not exist,
                so that a refusal tells nothing.
        """
        if not self.allows(code):
            raise KuweiError(
                "scope.outside",
                f"区划 {code} 不在您的管辖范围内。",
                kind=Kind.DENIED,
                details={"mof_div_code": code},
            )

    @property
    def setting(self) -> str:
        """The value of ``kuwei.scope`` that row-level security reads."""
        if self.is_everything:
            return EVERYTHING
        return "{" + ",".join(sorted(self.codes)) + "}"


def of_principal(principal: Principal, below: Below) -> VisibleJurisdictions:
    """Return what a principal's claim grants, subtrees expanded.

    Args:
        principal: a verified caller.
        below: the fiscal tree of this service; unknown codes give nothing.
    """
    codes: set[str] = set()
    roots: set[str] = set()
    for entry in principal.jurisdictions:
        chosen = roots if entry.endswith(SUBTREE) else codes
        chosen.add(_checked(entry.removesuffix(SUBTREE)))
    if roots:
        codes.update(below(roots))
    return VisibleJurisdictions(codes=frozenset(codes), _seal=_SEAL)


def of_jurisdictions(codes: Iterable[str]) -> VisibleJurisdictions:
    """Return the scope of a peer whose certificate or task names its codes."""
    checked = frozenset(_checked(code) for code in codes)
    return VisibleJurisdictions(codes=checked, _seal=_SEAL)


def of_service() -> VisibleJurisdictions:
    """Return the service's own scope, for tasks nobody asked for."""
    return VisibleJurisdictions(codes=frozenset(), is_everything=True, _seal=_SEAL)


def _checked(code: str) -> str:
    if not _CODE.fullmatch(code):
        raise KuweiError(
            "scope.bad_code",
            f"管辖范围 {code!r} 不是九位财政区划代码,请系统管理员检查账号所属组。",
            kind=Kind.DENIED,
        )
    return code

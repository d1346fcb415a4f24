"""The territory: which jurisdictions there are, and who may see which.

Invariants:
* every fiscal parent is known before its children;
* a scope is expanded from the tree as it stands in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from sqlalchemy.orm import Session

from kuwei_hub.territory import store
from kuwei_hub.territory.domain import (
    Jurisdiction,
    Level,
    Outline,
    Search,
    Unfolding,
    outline,
)
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.identity.principal import Principal
from kuwei_shared.identity.scope import (
    VisibleJurisdictions,
    of_principal,
    of_service,
)
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest


class Territory:
    """Jurisdictions of one hub."""

    def visible_to(
        self, session: Session, principal: Principal
    ) -> VisibleJurisdictions:
        """Return what a principal may see, by the tree as it stands."""
        return of_principal(principal, partial(store.below, session))

    def register(self, session: Session, jurisdictions: Sequence[Jurisdiction]) -> None:
        """Add jurisdictions or correct what is known of them.

        Raises:
            KuweiError: ``territory.circle`` when a parent comes after its child or
                not at all: the order proves that the tree has no circle.
        """
        known: set[str] = set()
        for one in jurisdictions:
            parents = {one.fiscal_parent, one.administrative_parent, one.host} - {None}
            if not parents <= known:
                raise KuweiError(
                    "territory.circle",
                    f"区划 {one.mof_div_code} 的上级须排在它之前,请按级次排列。",
                )
            known.add(one.mof_div_code)
        store.put(session, jurisdictions)

    def find(
        self, session: Session, scope: VisibleJurisdictions, code: str
    ) -> Jurisdiction:
        """Return one jurisdiction.

        Raises:
            KuweiError: ``territory.unknown`` or ``scope.outside``.
        """
        found = store.find(session, scope, code)
        if found is None:
            raise KuweiError(
                "territory.unknown",
                f"没有代码为 {code} 的财政区划。",
                kind=Kind.MISSING,
            )
        return found

    def province(self, session: Session) -> str:
        """Return the code of the province, whose hub this is.

        Raises:
            KuweiError: ``territory.none`` before there is a territory.
        """
        search, first = Search(level=Level.PROVINCE), PageRequest(size=1)
        found = store.page(session, of_service(), search, first).rows
        if not found:
            raise KuweiError(
                "territory.none",
                "省级尚未载入财政区划,请系统管理员运行 kuwei-hub load-territory。",
                kind=Kind.UNAVAILABLE,
            )
        return found[0].mof_div_code

    def outline(
        self, session: Session, scope: VisibleJurisdictions, wanted: Unfolding
    ) -> Outline:
        """Return the wanted rows of the visible fiscal tree, parents first."""
        return outline(store.visible(session, scope), wanted)

    def page(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        search: Search,
        request: PageRequest,
    ) -> Page[Jurisdiction]:
        """Return a page of jurisdictions."""
        return store.page(session, scope, search, request)

    def names(
        self, session: Session, scope: VisibleJurisdictions, codes: Iterable[str | None]
    ) -> dict[str, str]:
        """Return the names of those codes a caller may see."""
        return store.names(session, scope, {code for code in codes if code})


class Home:
    """The division a hub belongs to, looked up once: a province stays what it is."""

    def __init__(self, territory: Territory, unit_of_work: UnitOfWork) -> None:
        self._territory = territory
        self._work = unit_of_work
        self._code: str | None = None

    def __call__(self) -> str:
        """Return its code; raise ``territory.none`` before there is one."""
        if self._code is None:
            with self._work.begin(of_service()) as session:
                self._code = self._territory.province(session)
        return self._code

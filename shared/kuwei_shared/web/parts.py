"""What the pages of one service are made of, and what a handler is handed.

``WebParts`` is built once by ``app.py``. A page handler receives ``Here`` (who
is asking, and how to answer) and, when it reads or writes, a ``Desk``: the open
transaction already inside the caller's scope.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.requests import Request

from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.identity import permissions
from kuwei_shared.identity.login import RelyingParty
from kuwei_shared.identity.machine import BearerGate
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.identity.principal import Principal
from kuwei_shared.identity.renewal import Confirmed, Renewals
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.identity.session import BrowserSession, SessionCodec
from kuwei_shared.kernel.clock import Clock, business_date
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.web.tables import Table
from kuwei_shared.web.templates import Templates

CONFIRMED = "confirmed_session"
SCOPE = "visible_jurisdictions"
NOTICE = "standing_notice"
ReadScope = Callable[[Session, Principal], VisibleJurisdictions]
Notice = Callable[[Session, VisibleJurisdictions], str | None]
"""What a person with this scope must know before reading any page here."""
RecordAct = Callable[[Session, Principal, str, str, Mapping[str, str | int]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """One entry of the navigation; shown to those whom its route lets in.

    Attributes:
        also: paths of further pages that belong to it.
    """

    label: str
    path: str
    also: tuple[str, ...] = ()

    def holds(self, path: str) -> bool:
        """Whether a page belongs to this entry; the first page holds itself alone."""
        if self.path == "/":
            return path == "/"
        roots = (self.path, *self.also)
        return any(path == one or path.startswith(f"{one}/") for one in roots)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """The pages' parts.

    Attributes:
        system: ``省级监控平台`` and the like, in the header.
        place: whose service this is: ``广西壮族自治区财政厅``.
        cookie: base name of this service's cookies; cookies ignore ports, so two
            services on one machine need two names.
        renewals: confirm sessions, once for all processes of this service.
        read_scope: turns a principal into visible jurisdictions.
        record_act: writes the audit log: act, object, details.
        gate: admits machines; None where there is no API.
        notice: what stands above every page of some people; None where nobody's.
    """

    system: str
    place: str
    cookie: str
    navigation: Sequence[NavItem]
    templates: Templates
    unit_of_work: UnitOfWork
    party: RelyingParty
    sessions: SessionCodec
    renewals: Renewals
    read_scope: ReadScope
    record_act: RecordAct
    clock: Clock
    is_production: bool
    gate: BearerGate | None = None
    notice: Notice | None = None

    def admit(self, request: Request) -> BrowserSession | None:
        """Return a browser's session, confirmed lately; None without one.

        Raises:
            KuweiError: the provider no longer lets the person in here, or could
                not be asked for too long.
        """
        found = self.sessions.read(request.cookies.get(self.session_cookie))
        if found is None:
            return None
        try:
            confirmed = self.renewals.confirm(found, self.refresh_token(request))
        except KuweiError as error:
            if error.kind is Kind.UNAUTHENTICATED:
                return None
            raise
        if confirmed is None:
            return found
        setattr(request.state, CONFIRMED, confirmed)
        return confirmed.session

    def refresh_token(self, request: Request) -> str | None:
        """Return what asks the provider again; the one just given is the newest."""
        confirmed: Confirmed | None = getattr(request.state, CONFIRMED, None)
        if confirmed is not None:
            return confirmed.refresh_token
        return self.sessions.read_token(request.cookies.get(self.token_cookie))

    def keep(self, answer: Response, confirmed: Confirmed) -> None:
        """Have the browser keep a session and the token that confirms it next."""
        value = self.sessions.write(confirmed.session)
        self.set_cookie(answer, self.session_cookie, value)
        if confirmed.refresh_token is None:
            self.drop_cookie(answer, self.token_cookie)
        else:
            token = self.sessions.write_token(confirmed.refresh_token)
            self.set_cookie(answer, self.token_cookie, token)

    @property
    def session_cookie(self) -> str:
        """Name of the session cookie; the prefix binds it to this host."""
        return f"__Host-{self.cookie}" if self.is_production else self.cookie

    @property
    def attempt_cookie(self) -> str:
        """Name of the login-attempt cookie."""
        return f"{self.session_cookie}-login"

    @property
    def token_cookie(self) -> str:
        """Name of the cookie with the encrypted refresh token."""
        return f"{self.session_cookie}-token"

    @property
    def note_cookie(self) -> str:
        """Name of the cookie that carries a sentence to the next page."""
        return f"{self.session_cookie}-note"

    def set_cookie(self, answer: Response, name: str, value: str) -> None:
        """Set one of the cookies: for this host, unreadable to scripts."""
        answer.set_cookie(
            name, value, httponly=True, secure=self.is_production, samesite="lax"
        )

    def drop_cookie(self, answer: Response, name: str) -> None:
        """Make the browser forget one of the cookies."""
        answer.delete_cookie(
            name, httponly=True, secure=self.is_production, samesite="lax"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """A signed-in person's request, and the ways to answer it."""

    request: Request
    parts: WebParts
    login: BrowserSession
    principal: Principal = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "principal", self.login.principal)

    def may(self, permission: Permission | str) -> bool:
        """Whether a post of the person grants a permission (name in templates)."""
        wanted = Permission[permission] if permission in _NAMES else permission
        return permissions.permits(self.principal, Permission(wanted))

    @property
    def scope(self) -> VisibleJurisdictions | None:
        """What the person may see; None where this request opened no desk."""
        found: VisibleJurisdictions | None = getattr(self.request.state, SCOPE, None)
        return found

    def opens(self, path: str) -> bool:
        """Whether a page without parameters lets this person in.

        Read off the guards its route declares, so that no link can promise more;
        what depends on the scope counts as closed where there is none.
        """
        doors: Doors = self.request.app.state.doors
        return all(guard.opens_to(self) for guard in doors[path])

    @property
    def navigation(self) -> list[tuple[NavItem, bool]]:
        """Entries that let this person in, and whether each leads here."""
        path = self.request.url.path
        return [
            (item, item.holds(path))
            for item in self.parts.navigation
            if self.opens(item.path)
        ]

    @property
    def notice(self) -> str | None:
        """What this person must know before reading the page."""
        found: str | None = getattr(self.request.state, NOTICE, None)
        return found

    @property
    def is_fragment(self) -> bool:
        """Whether htmx asks for one block, not a browser for the page."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def today(self) -> dt.date:
        """Today's date in China."""
        return business_date(self.parts.clock)

    @property
    def note(self) -> str | None:
        """The sentence an act left for this page."""
        cookie = self.request.cookies.get(self.parts.note_cookie)
        return self.parts.sessions.read_note(cookie)

    def page(
        self, name: str, block: str | None = None, **values: object
    ) -> HTMLResponse:
        """Render a page; for an HTMX request, one block of it.

        Args:
            name: ``feature/page.html``.
            block: the block an HTMX request replaces.
            values: what the template shows; ``here`` is added. A ``table`` that could
                not be read makes the answer a refusal, table and all.
        """
        table = values.get("table")
        answer = self.parts.templates.response(
            name,
            {"here": self, **values},
            block if self.is_fragment else None,
            status=400 if isinstance(table, Table) and table.fault else 200,
        )
        renewed = self.parts.sessions.renewed(self.login)
        if renewed is not None:
            value = self.parts.sessions.write(renewed)
            self.parts.set_cookie(answer, self.parts.session_cookie, value)
        if self.parts.note_cookie in self.request.cookies:
            self.parts.drop_cookie(answer, self.parts.note_cookie)
        return answer

    def done(self, to: str, note: str) -> Response:
        """Answer a finished act: go to a page and say what was done."""
        answer: Response = RedirectResponse(to, status_code=303)
        if self.is_fragment:  # app.js goes there; a redirect it would follow unseen
            answer = Response(status_code=204, headers={"HX-Redirect": to})
        value = self.parts.sessions.write_note(note)
        self.parts.set_cookie(answer, self.parts.note_cookie, value)
        return answer


@runtime_checkable
class Guard(Protocol):
    """A dependency that refuses people, and can say beforehand whom."""

    def opens_to(self, here: Here) -> bool:
        """Whether it would let a person in."""
        ...


Doors = Mapping[str, Sequence[Guard]]
"""Path of a page without parameters → the guards on the way to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where a handler works: its transaction, its caller, what the caller may see."""

    session: Session
    principal: Principal
    scope: VisibleJurisdictions
    clock: Clock
    parts: WebParts

    def record(self, act: str, about: str, **details: str | int) -> None:
        """Write an act of this caller to the audit log, in this transaction."""
        self.parts.record_act(self.session, self.principal, act, about, details)


_NAMES = frozenset(permission.name for permission in Permission)

"""The dependencies a route declares: who, may they, the transaction, the form.

    @router.post("/holds/{key}/release", dependencies=[needs(DECIDE_HELD), FORM])
    def release(key: str, here: HereDep, desk: DeskDep) -> Response: ...

A route that asks for ``HereDep`` cannot be reached without signing in, and one
that asks for ``DeskDep`` cannot read outside its caller's scope.
"""
# FastAPI reads annotations at run time, so they are not postponed here.

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.params import Depends as Dependency
from starlette.datastructures import FormData

from kuwei_shared.db import row_security
from kuwei_shared.identity import permissions
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.identity.principal import Principal
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.web.errors import LOGIN_NEEDED, TYPED
from kuwei_shared.web.parts import NOTICE, SCOPE, Desk, Here, WebParts

CSRF_FIELD = "csrf_token"
CSRF_HEADER = "x-csrf-token"


async def parts_of(request: Request) -> WebParts:
    """Return the parts of the application answering this request.

    A coroutine, as nothing in it waits: a plain function would cost a thread.
    """
    parts: WebParts = request.app.state.parts
    return parts


PartsDep = Annotated[WebParts, Depends(parts_of)]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The guard of every page: a person with a post."""

    def __call__(self, request: Request, parts: PartsDep) -> Here:
        """Admit a signed-in person.

        Raises:
            KuweiError: ``identity.login_needed``; pages turn it into the login.
        """
        login = parts.admit(request)
        if login is None:
            raise KuweiError(LOGIN_NEEDED, "请先登录。", kind=Kind.UNAUTHENTICATED)
        found = Here(request=request, parts=parts, login=login)
        permissions.require(found.principal, Permission.SEE_PAGES)
        return found

    def opens_to(self, here: Here) -> bool:
        """Whether the person has a post that sees pages."""
        return here.may(Permission.SEE_PAGES)


HereDep = Annotated[Here, Depends(SignedIn())]


def desk(found: HereDep) -> Iterator[Desk]:
    """Open the request's transaction inside the person's scope."""
    with _desk(found.parts, found.principal) as opened:
        setattr(found.request.state, SCOPE, opened.scope)
        if found.parts.notice is not None:
            said = found.parts.notice(opened.session, opened.scope)
            setattr(found.request.state, NOTICE, said)
        yield opened


async def machine(request: Request, parts: PartsDep) -> Principal:
    """Admit a machine by its bearer token.

    Checking one may ask the issuer for its keys, hence is done in a thread.
    """
    if parts.gate is None:
        raise KuweiError("web.no_api", "本服务没有开放接口。", kind=Kind.MISSING)
    shown = request.headers.get("authorization")
    found = parts.gate.recall(shown)
    if found is None:
        found = await run_in_threadpool(parts.gate.admit, shown)
    return found


MachineDep = Annotated[Principal, Depends(machine)]


def machine_desk(caller: MachineDep, parts: PartsDep) -> Iterator[Desk]:
    """Open the request's transaction inside the machine's scope."""
    with _desk(parts, caller) as opened:
        yield opened


# "function": commit or fail before the answer is sent, so that nothing is ever
# answered that was not stored.
DeskDep = Annotated[Desk, Depends(desk, scope="function")]
MachineDeskDep = Annotated[Desk, Depends(machine_desk, scope="function")]


@dataclass(frozen=True, slots=True)
class Needs:
    """The guard that demands a permission of the signed-in person."""

    permission: Permission

    def __call__(self, found: HereDep) -> None:
        """Refuse a person no post of whom grants it."""
        permissions.require(found.principal, self.permission)

    def opens_to(self, here: Here) -> bool:
        """Whether a post of the person grants it."""
        return here.may(self.permission)


@dataclass(frozen=True, slots=True)
class AtHome:
    """The guard that demands the division this service belongs to."""

    home: Callable[[], str]

    def __call__(self, found: DeskDep) -> None:
        """Refuse a person whose scope does not hold it."""
        found.scope.require(self.home())

    def opens_to(self, here: Here) -> bool:
        """Whether the person's scope holds it; not before there is one."""
        if here.scope is None:
            return False
        try:
            return here.scope.allows(self.home())
        except KuweiError:
            return False


def needs(permission: Permission) -> Dependency:
    """Return a dependency that demands a permission of the signed-in person."""
    return _depends(Needs(permission))


def machine_needs(permission: Permission) -> Dependency:
    """Return a dependency that demands a permission of the calling machine."""

    def check(caller: MachineDep) -> None:
        permissions.require(caller, permission)

    return _depends(check)


def at_home(home: Callable[[], str]) -> Dependency:
    """Return a dependency that demands the division this service belongs to.

    What carries no division of its own, rules in force or the audit log, belongs
    to the bureau; a post in another bureau is none in this one.

    Args:
        home: the division's code; may raise before there is one.
    """
    return _depends(AtHome(home))


async def checked_form(request: Request, found: HereDep) -> None:
    """Refuse a form another site made the browser send, or that no text holds.

    Reading a body is the one thing that must be awaited; Starlette keeps the
    parsed form for the handler.
    """
    if request.headers.get("sec-fetch-site", "same-origin") == "cross-site":
        found.login.require_csrf(None)
    form = await request.form()
    setattr(request.state, TYPED, _typed(form))
    token = request.headers.get(CSRF_HEADER)
    if token is None:
        sent = form.get(CSRF_FIELD)
        token = sent if isinstance(sent, str) else None
    found.login.require_csrf(token)
    if any(isinstance(value, str) and "\0" in value for value in form.values()):
        raise KuweiError("web.bad_text", "填写的内容含有无法识别的字符,请重新填写。")


def _typed(form: FormData) -> list[str]:
    """Return the words of a form, so that a refused one need not be written again."""
    return [
        value
        for name, value in form.multi_items()
        if isinstance(value, str) and name != CSRF_FIELD and value.strip()
    ]


@contextmanager
def _desk(parts: WebParts, principal: Principal) -> Iterator[Desk]:
    with parts.unit_of_work.begin() as session:
        scope = parts.read_scope(session, principal)
        row_security.enter(session, scope, parts.unit_of_work.role)
        yield Desk(
            session=session,
            principal=principal,
            scope=scope,
            clock=parts.clock,
            parts=parts,
        )


def _depends(check: Callable[..., object]) -> Dependency:
    # fastapi.Depends is typed as returning Any; this is the class it returns.
    found: Dependency = Depends(check)
    return found


FORM = _depends(checked_form)

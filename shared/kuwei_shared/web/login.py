"""Signing in and out: the three addresses every service has."""
# FastAPI reads annotations at run time, so they are not postponed here.

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from kuwei_shared.identity import permissions
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.identity.renewal import Confirmed
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.web.guards import FORM, HereDep, PartsDep

PATH_MAX = 500
Text = Annotated[str, Query(max_length=2_000)]


def routes() -> APIRouter:
    """Return the router with ``/auth/login``, ``/auth/callback``, ``/auth/logout``."""
    router = APIRouter(prefix="/auth", include_in_schema=False)
    router.get("/login")(login)
    router.get("/callback")(callback)
    router.post("/logout", dependencies=[FORM])(logout)
    return router


def login(
    parts: PartsDep, back: Annotated[str, Query(max_length=PATH_MAX)] = "/"
) -> Response:
    """Send the browser to the provider, remembering this attempt."""
    attempt, address = parts.party.begin(back)
    answer = RedirectResponse(address, status_code=303)
    value = parts.sessions.write_attempt(attempt)
    parts.set_cookie(answer, parts.attempt_cookie, value)
    return answer


def callback(
    request: Request,
    parts: PartsDep,
    state: Text = "",
    code: Text = "",
    error: Text = "",
) -> Response:
    """Finish an attempt: a new session, or a sentence saying why not."""
    if error:
        raise KuweiError(
            "identity.login_cancelled",
            "统一认证未完成登录,请返回首页重试。",
            kind=Kind.UNAUTHENTICATED,
        )
    attempt = parts.sessions.read_attempt(request.cookies.get(parts.attempt_cookie))
    proven = parts.party.finish(attempt, state=state, code=code)
    principal = proven.principal
    permissions.require(principal, Permission.SEE_PAGES)
    with parts.unit_of_work.begin() as session:
        parts.record_act(session, principal, "登录", parts.system, {})
    answer = RedirectResponse(attempt.back if attempt else "/", status_code=303)
    opened = parts.sessions.open(principal)
    token = proven.refresh_token
    parts.keep(answer, Confirmed(session=opened, refresh_token=token))
    parts.drop_cookie(answer, parts.attempt_cookie)
    return answer


def logout(here: HereDep) -> Response:
    """Forget the session here and at the provider."""
    parts = here.parts
    with parts.unit_of_work.begin() as session:
        parts.record_act(session, here.principal, "退出", parts.system, {})
    address = parts.party.farewell(parts.refresh_token(here.request)) or "/"
    answer = RedirectResponse(address, status_code=303)
    parts.drop_cookie(answer, parts.session_cookie)
    parts.drop_cookie(answer, parts.token_cookie)
    return answer

"""What an error becomes on the web: a problem document or a page.

The one table from kind to HTTP status; services know no status numbers.
Machines (paths under ``/v1/``, or no HTML accepted) get RFC 9457 problem
documents; a person who is not signed in is sent to log in.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import Request

from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.web.faults import in_chinese
from kuwei_shared.web.parts import Here, WebParts
from kuwei_shared.web.templates import Templates

STATUS: dict[Kind, int] = {
    Kind.INVALID: 400,
    Kind.DENIED: 403,
    Kind.UNAUTHENTICATED: 401,
    Kind.MISSING: 404,
    Kind.CONFLICT: 409,
    Kind.LIMITED: 429,
    Kind.UNAVAILABLE: 503,
}
TITLES: dict[int, str] = {
    400: "请求有误",
    401: "需要登录",
    403: "无权办理",
    404: "没有找到",
    405: "不支持的操作",
    409: "内容已变化",
    413: "内容过大",
    422: "填写有误",
    429: "请求过多",
    500: "系统故障",
    503: "暂不可用",
}
LOGIN_NEEDED = "identity.login_needed"
MACHINE_PATHS = "/v1/"
PROBLEM_JSON = "application/problem+json"
FIELDS_SHOWN_MAX = 20
TYPED = "typed"
"""What a person filled in, kept by the guard of forms for a refusal to give back."""


def refusal(request: Request, error: Exception) -> Response:
    """Answer a KuweiError."""
    assert isinstance(error, KuweiError)  # registered for this type
    status = STATUS[error.kind]
    if error.code == LOGIN_NEEDED and request.method == "GET" and _is_page(request):
        return _to_login(request)
    retry = (
        {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    )
    if not _is_page(request):
        return _problem(
            status,
            code=error.code,
            detail=error.message,
            extra={"details": error.details} if error.details else {},
            headers=retry,
        )
    return _page(request, status, message=error.message, code=error.code, headers=retry)


def unreadable(request: Request, error: Exception) -> Response:
    """Answer input that does not parse: every fault, where it is."""
    assert isinstance(error, RequestValidationError)  # as above
    faults = [
        {"place": ".".join(map(str, fault["loc"])), "fault": in_chinese(fault)}
        for fault in error.errors()[:FIELDS_SHOWN_MAX]
    ]
    code, detail = "web.unreadable", "请求内容不符合要求,请按提示修改后重新提交。"
    if not _is_page(request):
        return _problem(422, code=code, detail=detail, extra={"faults": faults})
    return _page(request, 422, message=detail, code=code, faults=faults)


def routing(request: Request, error: Exception) -> Response:
    """Answer what the router refuses: no such page, wrong method."""
    assert isinstance(error, HTTPException)  # as above
    code = f"web.http_{error.status_code}"
    missing = error.status_code == STATUS[Kind.MISSING]
    detail = "没有这个页面,请从导航进入。" if missing else "请求无法办理。"
    if not _is_page(request):
        return _problem(error.status_code, code=code, detail=detail)
    return _page(request, error.status_code, message=detail, code=code)


def bug(request: Request, reference: str) -> Response:
    """Answer a bug: nothing about it but a reference to the log."""
    detail = f"系统出现故障,已记录。请将编号 {reference} 告知系统管理员。"
    if not _is_page(request):
        return _problem(500, code="web.bug", detail=detail)
    return _page(request, 500, message=detail, code="web.bug")


def _is_page(request: Request) -> bool:
    if request.url.path.startswith(MACHINE_PATHS):
        return False
    return "text/html" in request.headers.get("accept", "") or _is_fragment(request)


def _is_fragment(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def _here(request: Request) -> Here | None:
    """Return the signed-in person's frame, so that a refusal keeps navigation."""
    parts: WebParts = request.app.state.parts
    login = parts.sessions.read(request.cookies.get(parts.session_cookie))
    return None if login is None else Here(request=request, parts=parts, login=login)


def _back(request: Request) -> str | None:
    """Return the page of this service the request came from, None if there is none."""
    came = urlsplit(request.headers.get("referer", ""))
    if came.netloc != request.headers.get("host") or not came.path.startswith("/"):
        return None
    path = f"/{came.path.lstrip('/')}"  # "//host" would lead elsewhere
    return f"{path}?{came.query}" if came.query else path


def _to_login(request: Request) -> Response:
    back = request.url.path
    if request.url.query:
        back = f"{back}?{request.url.query}"
    address = f"/auth/login?back={quote(back, safe='')}"
    if _is_fragment(request):
        # A fragment request would swap the login page into a table.
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)


def _problem(
    status: int,
    *,
    code: str,
    detail: str,
    extra: dict[str, object] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    document: dict[str, object] = {
        "type": f"urn:kuwei:{code}",
        "title": TITLES.get(status, "请求未完成"),
        "status": status,
        "code": code,
        "detail": detail,
    }
    return JSONResponse(
        document | (extra or {}), status, headers=headers, media_type=PROBLEM_JSON
    )


def _page(
    request: Request,
    status: int,
    *,
    message: str,
    code: str,
    faults: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    templates: Templates = request.app.state.templates
    back = _back(request)
    values = {
        "back": back,
        "login": f"/auth/login?back={quote(back or '/', safe='')}",
        "is_form": request.method == "POST",
        "is_fragment": _is_fragment(request),
        "needs_login": code == LOGIN_NEEDED,
        "typed": getattr(request.state, TYPED, ()),
        "here": _here(request),
        "title": TITLES.get(status, "请求未完成"),
        "message": message,
        "code": code,
        "faults": faults or [],
    }
    return templates.response(
        "web/error.html",
        values,
        "message" if _is_fragment(request) else None,
        status=status,
        headers=headers,
    )

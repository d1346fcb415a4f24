"""The development issuer's five addresses.

It lets anybody in as any demo account, so it warns when it starts and refuses to
start in production; a service in production refuses its discovery document too.
"""
# FastAPI reads annotations at run time, so they are not postponed here.

import base64
import binascii
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlencode, urlsplit

from fastapi import FastAPI, Form, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel

from kuwei_shared.identity.issuer.grants import GrantRefusedError, Grants
from kuwei_shared.identity.issuer.realm import Realm, RealmClient
from kuwei_shared.identity.roles import TITLES, Role
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError

PACKAGE = "kuwei_shared.identity.issuer"
STATIC = Path(__file__).parent / "static"
CHALLENGE_METHOD = "S256"


class DevelopmentOnlyWarning(UserWarning):
    """A stand-in that must never serve real people is running."""


class Ask(BaseModel):
    """An authorisation request (OIDC Core 3.1.2.1), from a query or the form."""

    client_id: str
    redirect_uri: str
    response_type: str = "code"
    scope: str = "openid"
    state: str
    nonce: str
    code_challenge: str
    code_challenge_method: str = CHALLENGE_METHOD


class Choice(Ask):
    """The login form: the request again, and the account chosen."""

    username: str


class TokenAsk(BaseModel):
    """A token request of any grant; a grant reads the fields it knows."""

    grant_type: str
    code: str = ""
    redirect_uri: str = ""
    code_verifier: str = ""
    refresh_token: str = ""
    client_id: str = ""
    client_secret: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """The issuer's parts, shared by its routes."""

    grants: Grants
    pages: Environment

    def client_of(self, ask: Ask) -> RealmClient:
        """Return the registered client, or refuse without redirecting.

        An unregistered address must never receive a code, not even an error
        (RFC 6749, 4.1.2.1).
        """
        client = self.grants.realm.client(ask.client_id)
        known = client is not None and client.code_flow
        if client is None or not known or not client.accepts_redirect(ask.redirect_uri):
            raise GrantRefusedError("invalid_request")
        pkce = ask.code_challenge and ask.code_challenge_method == CHALLENGE_METHOD
        if ask.response_type != "code" or not pkce:
            raise GrantRefusedError("invalid_request")
        return client


def create_issuer(
    realm: Realm, *, url: str, clock: Clock, is_production: bool
) -> FastAPI:
    """Return the issuer application.

    Args:
        realm: the realm file, read.
        url: the issuer's own address, its ``iss`` claim.
        clock: for lifetimes.
        is_production: refused.

    Raises:
        KuweiError: ``issuer.production``.
    """
    if is_production:
        raise KuweiError(
            "issuer.production",
            "开发身份服务不得用于生产环境;请在设置中改用 Keycloak 的签发地址。",
            kind=Kind.DENIED,
        )
    warnings.warn(
        "development issuer: anybody may log in as anybody",
        DevelopmentOnlyWarning,
        stacklevel=2,
    )
    pages = Environment(
        loader=PackageLoader(PACKAGE), autoescape=True, undefined=StrictUndefined
    )
    issuer = Issuer(grants=Grants(realm, url, clock), pages=pages)
    app = FastAPI(title="Kuwei development issuer", docs_url=None, redoc_url=None)
    app.mount("/static", StaticFiles(directory=STATIC))
    app.add_exception_handler(GrantRefusedError, _refusal)
    _add_documents(app, issuer)
    _add_browser_routes(app, issuer)
    _add_token_route(app, issuer)
    return app


def _add_documents(app: FastAPI, issuer: Issuer) -> None:
    url = issuer.grants.issuer

    @app.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, object]:
        return {
            "issuer": url,
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}/token",
            "jwks_uri": f"{url}/jwks",
            "end_session_endpoint": f"{url}/logout",
            "response_types_supported": ["code"],
            "grant_types_supported": [
                "authorization_code",
                "refresh_token",
                "client_credentials",
            ],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": [CHALLENGE_METHOD],
            "kuwei_development": True,
        }

    @app.get("/jwks")
    def jwks() -> dict[str, object]:
        return issuer.grants.jwks()

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}


def _add_browser_routes(app: FastAPI, issuer: Issuer) -> None:
    @app.get("/authorize")
    def authorize(ask: Annotated[Ask, Query()]) -> HTMLResponse:
        client = issuer.client_of(ask)
        page = issuer.pages.get_template("login.html").render(
            ask=ask, client=client, accounts=_accounts(issuer.grants.realm)
        )
        return HTMLResponse(page, headers=_page_headers(ask.redirect_uri))

    @app.post("/authorize")
    def chosen(choice: Annotated[Choice, Form()]) -> RedirectResponse:
        client = issuer.client_of(choice)
        user = issuer.grants.realm.user(choice.username)
        if user is None:
            raise GrantRefusedError("access_denied")
        code = issuer.grants.code(
            user,
            client,
            redirect_uri=choice.redirect_uri,
            nonce=choice.nonce,
            challenge=choice.code_challenge,
        )
        query = urlencode({"code": code, "state": choice.state})
        return RedirectResponse(f"{choice.redirect_uri}?{query}", status_code=303)

    @app.get("/logout")
    def logout(client_id: str, post_logout_redirect_uri: str) -> Response:
        client = issuer.grants.realm.client(client_id)
        origin = _origin(post_logout_redirect_uri)
        known = {_origin(uri) for uri in client.redirect_uris} if client else set()
        if origin not in known:
            raise GrantRefusedError("invalid_request")
        return RedirectResponse(post_logout_redirect_uri, status_code=303)


def _add_token_route(app: FastAPI, issuer: Issuer) -> None:
    @app.post("/token")
    def token(request: Request, ask: Annotated[TokenAsk, Form()]) -> JSONResponse:
        basic = _basic(request.headers.get("authorization", ""))
        client = _proven(issuer, *(basic or (ask.client_id, ask.client_secret)))
        answer = _granted(issuer.grants, client, ask)
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _granted(grants: Grants, client: RealmClient, ask: TokenAsk) -> dict[str, object]:
    match ask.grant_type:
        case "authorization_code":
            return grants.by_code(
                client,
                code=ask.code,
                redirect_uri=ask.redirect_uri,
                verifier=ask.code_verifier,
            )
        case "refresh_token":
            return grants.by_refresh(client, token=ask.refresh_token)
        case "client_credentials":
            return grants.by_client(client)
        case _:
            raise GrantRefusedError("unsupported_grant_type")


def _proven(issuer: Issuer, client_id: str, secret: str) -> RealmClient:
    client = issuer.grants.realm.client(client_id)
    if client is None or not client.accepts_secret(secret):
        raise GrantRefusedError("invalid_client")
    return client


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, secret = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise GrantRefusedError("invalid_client") from None
    return unquote(user), unquote(secret)


def _accounts(realm: Realm) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Group demo accounts as (place, [(username, name, posts)])."""
    places: dict[str, list[tuple[str, str, str]]] = {}
    for user in realm.people:
        posts = "、".join(TITLES[Role(r)] for r in user.roles if r in TITLES)
        place = user.groups[0].removeprefix("/") if user.groups else "未分组"
        places.setdefault(place, []).append((user.username, user.name, posts))
    return list(places.items())


def _page_headers(redirect_uri: str) -> dict[str, str]:
    # Chromium applies form-action to the redirect that follows the form too.
    policy = (
        "default-src 'none'; style-src 'self'; base-uri 'none';"
        f" frame-ancestors 'none'; form-action 'self' {_origin(redirect_uri)}"
    )
    return {"Content-Security-Policy": policy, "Cache-Control": "no-store"}


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _refusal(request: Request, error: Exception) -> JSONResponse:
    del request
    code = str(error)
    status = 401 if code == "invalid_client" else 400
    return JSONResponse({"error": code}, status_code=status)

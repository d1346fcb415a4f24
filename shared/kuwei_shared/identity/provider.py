"""Talking to the OpenID provider: discovery, code for tokens, keys, logout.

The provider is Keycloak in production and the development issuer in the demo;
both speak the same protocol, so nothing here knows which it is.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from kuwei_shared.kernel.errors import Kind, KuweiError

Model = TypeVar("Model", bound=BaseModel)

TIMEOUT_S = 5.0
RETRY_AFTER_S = 5
HINT_MAX = 3_000


class Discovery(BaseModel):
    """The part of the discovery document Kuwei uses (OIDC Discovery 1.0, 3)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    kuwei_development: bool = False


class Tokens(BaseModel):
    """A token response."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    access_token: str
    id_token: str | None = None
    refresh_token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """How a service is registered with the provider."""

    client_id: str
    client_secret: str
    redirect_uri: str


class Provider:
    """One OpenID provider, discovered on first use.

    Discovery happens late so that hub, nodes and provider start in any order.
    """

    def __init__(self, issuer: str, http: httpx.Client, *, is_production: bool) -> None:
        self.issuer = issuer
        self._http = http
        self._is_production = is_production
        self._discovery: Discovery | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections; the application is stopping."""
        self._http.close()

    def discovery(self) -> Discovery:
        """Return the discovery document; its issuer must be the configured one."""
        with self._lock:
            if self._discovery is None:
                address = f"{self.issuer}/.well-known/openid-configuration"
                found = self._read(Discovery, self._send("GET", address))
                if found.issuer != self.issuer:
                    raise _unavailable("签发方名称与配置不一致")
                if found.kuwei_development and self._is_production:
                    raise _unavailable("生产环境不接受开发身份服务")
                self._discovery = found
            return self._discovery

    def keys(self) -> Mapping[str, object]:
        """Fetch the JSON Web Key Set."""
        answer = self._send("GET", self.discovery().jwks_uri).json()
        if not isinstance(answer, dict):
            raise _unavailable("公钥文档格式不符")
        return answer

    def authorize_url(self, client: Client, **parameters: str) -> str:
        """Return where a browser goes to log in."""
        query = {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uri,
            "scope": "openid profile",
        }
        address = self.discovery().authorization_endpoint
        return f"{address}?{urlencode(query | parameters)}"

    def exchange(self, client: Client, *, code: str, verifier: str) -> Tokens:
        """Turn an authorisation code and its PKCE verifier into tokens.

        Raises:
            KuweiError: ``identity.code_refused`` if the provider says no.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "code_verifier": verifier,
        }
        return self._tokens(client, form)

    def refresh(self, client: Client, token: str) -> Tokens:
        """Trade a refresh token for new tokens (OIDC Core 12).

        Raises:
            KuweiError: ``identity.code_refused`` if the provider says no.
        """
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self._tokens(client, form)

    def _tokens(self, client: Client, form: Mapping[str, str]) -> Tokens:
        answer = self._send(
            "POST",
            self.discovery().token_endpoint,
            data=form,
            auth=(client.client_id, client.client_secret),
        )
        return self._read(Tokens, answer)

    def logout_url(self, client: Client, hint: str | None = None) -> str | None:
        """Return where a browser ends its session at the provider, if it can.

        Args:
            client: who asks; the browser comes back to its first page.
            hint: an identity token of the session. Without one the provider asks
                whether to end it, and whoever walks away leaves it open
                (OIDC RP-Initiated Logout 1.0, 2). One too long for an address is
                left out.
        """
        address = self.discovery().end_session_endpoint
        if address is None:
            return None
        parts = urlsplit(client.redirect_uri)
        query = {
            "client_id": client.client_id,
            "post_logout_redirect_uri": f"{parts.scheme}://{parts.netloc}/",
        }
        if hint is not None and len(hint) <= HINT_MAX:
            query["id_token_hint"] = hint
        return f"{address}?{urlencode(query)}"

    def _send(
        self,
        method: str,
        address: str,
        *,
        data: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> httpx.Response:
        try:
            answer = self._http.request(
                method, address, data=data, auth=auth, timeout=TIMEOUT_S
            )
        except httpx.HTTPError as error:
            raise _unavailable("无法连接") from error
        if answer.status_code in {400, 401, 403}:
            raise KuweiError(
                "identity.code_refused",
                "统一认证拒绝了本次登录,请返回首页重新登录。",
                kind=Kind.UNAUTHENTICATED,
            )
        if answer.is_error:
            raise _unavailable(f"返回状态 {answer.status_code}")
        return answer

    @staticmethod
    def _read(model: type[Model], answer: httpx.Response) -> Model:
        try:
            return model.model_validate_json(answer.content)
        except ValidationError as error:
            raise _unavailable("返回内容格式不符") from error


def _unavailable(reason: str) -> KuweiError:
    return KuweiError(
        "identity.provider_unavailable",
        f"统一认证服务暂不可用({reason}),请稍后重试或联系系统管理员。",
        kind=Kind.UNAVAILABLE,
        retry_after_s=RETRY_AFTER_S,
    )

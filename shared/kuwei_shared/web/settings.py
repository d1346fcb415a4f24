"""What hub and node pages are told from outside; each service's Settings adds these."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsError

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.web.faults import in_chinese

HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+[^\s]*[^\s/]$")]
SECRET_LENGTH_MIN = 32
CALLBACK = "/auth/callback"


class WebSettings(BaseSettings):
    """Settings of the web process."""

    mode: Literal["production", "development"] = Field(
        "production", description="development 允许演示用的替身服务。"
    )
    web_bind: str = Field(
        "127.0.0.1:8100",
        pattern=r"^[^:\s]+:\d{1,5}$",
        description="网页与接口的监听地址。",
    )
    web_url: HttpUrl = Field(
        "http://127.0.0.1:8100", description="浏览器访问本服务所用的地址。"
    )
    web_threads: int = Field(
        16, ge=1, le=64, description="网页进程的处理线程数,等于连接池大小。"
    )
    place: str = Field("财政厅", max_length=60, description="页眉显示的单位名称。")
    issuer: HttpUrl = Field(
        "http://127.0.0.1:8103", description="统一认证(OpenID Connect)签发地址。"
    )
    web_client_id: str = Field("", description="本服务在统一认证的客户端编号。")
    web_client_secret: SecretStr = Field(
        SecretStr(""), description="本服务在统一认证的客户端密钥。"
    )
    session_secrets: tuple[SecretStr, ...] = Field(
        (), description="会话签名密钥,先签后验;轮换时新密钥放在最前。"
    )
    database_role: str | None = Field(
        None,
        pattern=r"^[a-z_][a-z0-9_]{0,62}$",
        description="读写数据时切换到的非属主数据库角色,行级安全据此生效。",
    )

    @property
    def is_production(self) -> bool:
        """Whether stand-ins are refused."""
        return self.mode == "production"

    @property
    def bind(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.web_bind.rpartition(":")
        return host, int(port)

    def require_web(self) -> None:
        """Refuse to start pages that could not be safe.

        Raises:
            KuweiError: ``settings.web``, naming the variable.
        """
        secrets = [s.get_secret_value() for s in self.session_secrets]
        client_secret = self.web_client_secret.get_secret_value()
        faults = {
            "KUWEI_SESSION_SECRETS": not secrets
            or min(map(len, secrets)) < SECRET_LENGTH_MIN,
            "KUWEI_WEB_CLIENT_ID": not self.web_client_id,
            "KUWEI_WEB_CLIENT_SECRET": not client_secret
            or (self.is_production and _is_known(client_secret)),
            "KUWEI_WEB_URL": self.is_production and not is_https(self.web_url),
            "KUWEI_ISSUER": self.is_production and not is_https(self.issuer),
        }
        named = [name for name, is_fault in faults.items() if is_fault]
        if named:
            raise KuweiError(
                "settings.web",
                f"网页服务不能启动,请检查设置 {'、'.join(named)}:会话密钥至少"
                f" {SECRET_LENGTH_MIN} 个字符,生产环境地址须为 https,"
                "客户端密钥不得为演示用的。",
            )


Given = TypeVar("Given", bound=WebSettings)


def from_environment(kind: type[Given]) -> Given:
    """Return a service's settings as the environment gives them.

    Raises:
        KuweiError: ``settings.unreadable``, naming every variable and what it lacks.
    """
    try:
        return kind()
    except ValidationError as error:
        named = [
            f"KUWEI_{str(fault['loc'][0]).upper()} {in_chinese(fault)}"
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise _unreadable(";".join(named)) from error
    except SettingsError as error:
        # It names the field, quoted; the value itself is not in it.
        fields = [one for one in kind.model_fields if f'"{one}"' in str(error)]
        named = [f"KUWEI_{one.upper()} 不是有效的 JSON" for one in fields]
        raise _unreadable(";".join(named) or "写法不符合要求") from error


def _unreadable(faults: str) -> KuweiError:
    return KuweiError(
        "settings.unreadable",
        f"设置有误:{faults}。请在环境变量中改正,各项含义见 docs/configuration.md。",
    )


def is_https(address: str) -> bool:
    """Whether what is sent to an address can be read on the way by nobody."""
    return urlsplit(address).scheme == "https"


def _is_known(secret: str) -> bool:
    """Whether a secret stands in a file of the demo, or is a variable nobody set."""
    return secret.endswith("-demo-only") or secret.startswith("${")

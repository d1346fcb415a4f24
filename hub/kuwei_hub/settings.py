"""What a hub can be told from outside, read once and checked at start.

Every field is an environment variable ``KUWEI_<NAME>``. Nothing else in the hub
reads the environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints
from pydantic_settings import SettingsConfigDict

from kuwei_shared.identity.admin import RealmAccount
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.web.settings import WebSettings, is_https

DatabaseUrl = Annotated[str, StringConstraints(pattern=r"^postgresql\+psycopg2://")]
Address = Annotated[str, StringConstraints(pattern=r"^[^:\s]+:\d{1,5}$")]


class Settings(WebSettings):
    """Settings of one hub; frozen after start."""

    model_config = SettingsConfigDict(
        env_prefix="KUWEI_", frozen=True, extra="ignore", validate_default=True
    )

    database_url: DatabaseUrl = Field(description="PostgreSQL 地址。")
    data_dir: Path = Field(Path("/var/lib/kuwei"), description="证书与密钥所在目录。")
    trust_domain: str = Field(
        "fiscal.gx",
        pattern=r"^[a-z0-9.-]{1,100}$",
        description="本省身份的域,写入每张证书。",
    )

    grpc_bind: Address = Field("127.0.0.1:8101", description="会话与上报的监听地址。")
    grpc_address: Address = Field(
        "127.0.0.1:8101", description="节点拨入会话与上报所用的地址。"
    )
    enrol_bind: Address = Field("127.0.0.1:8102", description="入网服务的监听地址。")
    enrol_address: Address = Field(
        "127.0.0.1:8102", description="节点拨入入网服务所用的地址。"
    )
    server_names: tuple[str, ...] = Field(
        ("localhost", "127.0.0.1"), min_length=1, description="写入服务证书的名称。"
    )

    grpc_threads: int = Field(
        16,
        ge=1,
        le=64,
        description="gRPC 进程收统计与发目录的数据库线程数;连接池另有四条,"
        "供握手与心跳(两条)、入网(一条)、检查停用名单(一条)。",
    )
    grpc_waiting_max: int = Field(
        256, ge=1, le=10_000, description="等待线程的请求上限,超出即拒。"
    )
    enrol_per_minute: int = Field(
        5, ge=1, le=600, description="每个来源地址每分钟可提交的入网申请数。"
    )
    enrol_polls_per_minute: int = Field(
        300, ge=1, le=6_000, description="每个来源地址每分钟可询问入网结果的次数。"
    )
    token_ttl_h: int = Field(24, ge=1, le=336, description="入网令牌的有效小时数。")
    watch_every_s: float = Field(
        1.0, gt=0, le=30, description="检查新公告与停用名单的间隔秒数。"
    )
    spread_ms: int = Field(
        3_000, ge=0, le=600_000, description="公告之后各节点错开取数的毫秒数。"
    )

    keys_passphrase: SecretStr = Field(
        SecretStr(""), description="打开发布签名密钥的口令;密钥在磁盘上只以密文存放。"
    )

    realm_client_id: str = Field(
        "", description="同步统一认证(sync-realm)所用的客户端编号。"
    )
    realm_client_secret: SecretStr = Field(
        SecretStr(""), description="同步统一认证所用的客户端密钥,仅在同步时提供。"
    )

    def realm_account(self) -> RealmAccount:
        """Return the account that administers the issuer's realm.

        Raises:
            KuweiError: ``settings.realm``.
        """
        secret = self.realm_client_secret.get_secret_value()
        if not (self.realm_client_id and secret):
            raise KuweiError(
                "settings.realm",
                "不能同步统一认证,请设置 KUWEI_REALM_CLIENT_ID 与"
                " KUWEI_REALM_CLIENT_SECRET(deploy/README.md)。",
            )
        if self.is_production and not is_https(self.issuer):
            # Whoever reads the secret on the way can make administrators.
            raise KuweiError(
                "settings.realm",
                f"不能同步统一认证:生产环境的签发地址须为 https,请检查设置"
                f" KUWEI_ISSUER({self.issuer})。",
            )
        return RealmAccount(
            issuer=self.issuer, client_id=self.realm_client_id, client_secret=secret
        )

    @property
    def keys_dir(self) -> Path:
        """Folder of the keys that sign releases."""
        return self.data_dir / "release-keys"

    @property
    def authority_dir(self) -> Path:
        """Folder of the certificate authorities and the hub's signing key."""
        return self.data_dir / "authority"

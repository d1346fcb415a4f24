"""What a node can be told from outside, read once and checked at start.

Every field is an environment variable ``KUWEI_<NAME>``. Nothing else in the node
reads the environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints
from pydantic_settings import SettingsConfigDict

from kuwei_shared.web.settings import WebSettings

DatabaseUrl = Annotated[str, StringConstraints(pattern=r"^postgresql\+psycopg2://")]


class Settings(WebSettings):
    """Settings of one node; frozen after start."""

    model_config = SettingsConfigDict(
        env_prefix="KUWEI_", frozen=True, extra="ignore", validate_default=True
    )

    database_url: DatabaseUrl = Field(description="PostgreSQL 地址。")
    data_dir: Path = Field(Path("/var/lib/kuwei"), description="身份与密钥所在目录。")

    redis_url: str = Field(
        "redis://127.0.0.1:6379/0", description="Redis 地址,定时任务用。"
    )
    queue: str = Field(
        "main", pattern=r"^[a-z0-9-]{1,32}$", description="本节点任务队列名。"
    )
    sweep_every_s: float = Field(
        60.0, gt=0, le=3600, description="检查到期定时规则的间隔秒数。"
    )

    api_audience: str = Field(
        "node-api", max_length=100, description="支付系统令牌须写明的受众。"
    )
    in_flight_max: int = Field(
        4,
        ge=1,
        le=64,
        description="每个网页进程同时审核的请求数;再多的排队至多一秒,排满即拒。",
    )

    threads: int = Field(
        16, ge=4, le=64, description="每个进程主连接池的大小;导入一次至多用四个。"
    )
    wait_ms: int = Field(50_000, ge=100, le=50_000, description="一次长轮询的毫秒数。")
    heartbeat_s: float = Field(60.0, gt=0, le=600, description="心跳间隔秒数。")
    send_every_s: float = Field(
        2.0, gt=0, le=600, description="汇总并上报统计的间隔秒数。"
    )
    catalogue_every_s: float = Field(
        900.0, gt=0, le=21_600, description="无公告时查看上级发布库的间隔秒数。"
    )
    retry_min_s: float = Field(1.0, gt=0, le=60, description="重连的最短等待秒数。")
    retry_max_s: float = Field(900.0, gt=0, le=3600, description="重连的最长等待秒数。")

    @property
    def identity_dir(self) -> Path:
        """Folder of the node's keys, certificates and epoch."""
        return self.data_dir / "identity"

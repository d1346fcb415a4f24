"""The hub's verbs. Each opens one transaction, calls one service, prints one line."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path

import click
import uvicorn

from kuwei_hub.app import create
from kuwei_hub.bootstrap import Hub, build
from kuwei_hub.settings import Settings
from kuwei_shared.identity.issuer.app import create_issuer
from kuwei_shared.identity.issuer.realm import read
from kuwei_shared.identity.scope import of_service
from kuwei_shared.kernel.clock import SystemClock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import PAGE_SIZE_MAX, PageRequest
from kuwei_shared.ops import logs
from kuwei_shared.releases.files import replace_file

LEVELS = ("province", "city", "county", "township")


def operator() -> str:
    """Return who works at this terminal, unless ``--by`` says otherwise."""
    return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"


@click.group()
def verbs() -> None:
    """库卫省级中心 Kuwei hub."""


@verbs.command("web")
def web() -> None:
    """启动网页 Serve the pages."""
    built = hub("web")
    host, port = built.settings.bind
    logs.configure("kuwei-hub web")
    uvicorn.run(create(built), host=host, port=port, log_config=None)


@verbs.command("issuer")
@click.option("--realm", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--port", default=8103, show_default=True)
def issuer(realm: Path, port: int) -> None:
    """启动开发身份服务 Serve the development issuer; refused in production."""
    settings = Settings()
    app = create_issuer(
        read(realm),
        url=settings.issuer,
        clock=SystemClock(),
        is_production=settings.is_production,
    )
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None)


@verbs.command("init-ca")
@click.option("--province", default="", help="写入证书名称的省名。")
def init_ca(province: str) -> None:
    """建立证书与密钥 Make the authorities; keep what is there, renew what is due."""
    built = hub("cli")
    built.authority.create(province or built.settings.trust_domain)
    click.echo(f"证书目录:{built.settings.authority_dir}(请将 root.key 移出本机保管)")


@verbs.command("register-node")
@click.argument("code")
@click.option("--name", required=True)
@click.option("--level", required=True, type=click.Choice(LEVELS))
@click.option("--parent", default=None, help="财政上级的区划代码。")
@click.option("--by", default=operator, help="经办人。")
def register_node(
    code: str, name: str, level: str, parent: str | None, by: str
) -> None:
    """登记节点 Expect a node."""
    built = hub("cli")
    with built.unit_of_work.begin() as session:
        built.enrolment.register(
            session, code, name=name, level=level, parent=parent, by=by
        )
    click.echo(f"已登记 {code} {name}")


@verbs.command("issue-token")
@click.argument("code")
@click.option("--by", default=operator, help="签发人;不能再批准同一节点。")
@click.option("--replace", is_flag=True, help="更换已入网节点的设备。")
@click.option("--out", type=click.Path(path_type=Path), help="写入文件而不显示。")
def issue_token(code: str, by: str, out: Path | None, *, replace: bool) -> None:
    """签发入网令牌 Issue a single-use token; shown this once."""
    built = hub("cli")
    with built.unit_of_work.begin() as session:
        token = built.enrolment.issue_token(session, code, by=by, replace=replace)
    if out is None:
        click.echo(token.to_json())
    else:
        replace_file(out, token.to_json().encode(), mode=0o600)
        click.echo(f"令牌已写入 {out},有效至 {token.expires_at:%Y-%m-%d %H:%M} UTC")


@verbs.command("pending")
def pending() -> None:
    """待批准的申请 List applications and the words to compare."""
    built = hub("cli")
    with built.unit_of_work.begin() as session:
        page = PageRequest(size=PAGE_SIZE_MAX)
        waiting = built.enrolment.pending(session, of_service(), page)
    for row in waiting.rows:
        click.echo(f"{row.mof_div_code}  {row.words}  {row.host_name} {row.platform}")
    click.echo(f"共 {waiting.total} 件")


@verbs.command("approve")
@click.argument("code")
@click.option("--by", required=True, help="批准人;须与签发令牌的人不同。")
def approve(code: str, by: str) -> None:
    """批准入网 Approve, after comparing the six words by telephone."""
    built = hub("cli")
    with built.unit_of_work.begin() as session:
        approved = built.enrolment.approve(session, code, by=by)
    click.echo(f"已批准 {code}:{approved.words}")


@verbs.command("grpc")
def grpc() -> None:
    """启动 gRPC Serve members and applicants until told to stop."""
    # Imported here: a verb that forks must never have loaded grpc (wire.md c.1).
    from kuwei_hub.grpc_server import run  # noqa: PLC0415

    built = hub("grpc")
    logs.configure("kuwei-hub grpc")
    run(
        built,
        lambda ports: click.echo(f"gRPC {ports.members},入网 {ports.applicants}"),
    )


def hub(process: str) -> Hub:
    """Put the hub together from the environment."""
    return build(Settings(), process=process)


def main() -> None:
    """Run one verb; a refusal is one sentence on stderr and exit status 1."""
    try:
        verbs()
    except KuweiError as error:
        click.echo(f"{error.code}:{error.message}", err=True)
        sys.exit(1)

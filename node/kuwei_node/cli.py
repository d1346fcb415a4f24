"""The node's verbs. Each opens one transaction, calls one service, prints one line."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from kuwei_node.bootstrap import Node, build
from kuwei_node.settings import Settings
from kuwei_shared.db.migrate import upgrade
from kuwei_shared.kernel.errors import Kind, KuweiError


@click.group()
def verbs() -> None:
    """库卫监测节点 Kuwei node."""


@verbs.command("migrate")
def migrate() -> None:
    """更新库表 Bring the database to the newest revision."""
    built = node("migrate")
    upgrade("kuwei_node", built.unit_of_work.engine)
    click.echo("库表已是最新")


@verbs.command("enrol")
@click.option(
    "--token-file", required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--wait-s", default=86_400, show_default=True, help="等待批准的秒数。")
@click.option("--every-s", default=2.0, show_default=True, help="询问间隔秒数。")
def enrol(token_file: Path, wait_s: int, every_s: float) -> None:
    """申请入网 Apply under a token and wait for a second person's approval."""
    # Imported here: a verb that forks must never have loaded grpc (wire.md c.1).
    from kuwei_node.uplink.adapters.enrolment import Applicant  # noqa: PLC0415

    applicant = Applicant(node("cli").identity_folder, token_file.read_text("utf-8"))
    words = applicant.apply()
    click.echo(f"请与省级电话核对六个词:{words}")
    for _ in range(max(1, int(wait_s / every_s))):
        member = applicant.collect()
        if member is not None:
            click.echo(f"已入网:{member.identity}")
            return
        time.sleep(every_s)
    raise KuweiError(
        "enrolment.waiting",
        "尚未批准;批准后再次运行同一命令即可取得证书。",
        kind=Kind.UNAVAILABLE,
    )


@verbs.command("uplink")
def uplink() -> None:
    """连接省级 Keep the line to the hub until told to stop."""
    # Imported here: a verb that forks must never have loaded grpc (wire.md c.1).
    from kuwei_node import agent  # noqa: PLC0415

    agent.run(node("uplink"))


@verbs.command("new-epoch")
@click.option("--confirm", is_flag=True, required=True, help="已核实本库由备份恢复。")
def new_epoch(*, confirm: bool) -> None:
    """启用新纪元 Begin a new epoch after restoring the database from a backup."""
    del confirm
    built = node("cli")
    with built.unit_of_work.begin() as session:
        begun = built.standing.begin_epoch(session, built.identity_folder.read())
        # Before the commit: an epoch may be skipped, never used twice.
        built.identity_folder.write(begun)
    click.echo(f"已启用纪元 {begun.epoch},全部统计将重新上报。")


def node(process: str) -> Node:
    """Put the node together from the environment."""
    return build(Settings(), process=process)


def main() -> None:
    """Run one verb; a refusal is one sentence on stderr and exit status 1."""
    try:
        verbs()
    except KuweiError as error:
        click.echo(f"{error.code}:{error.message}", err=True)
        sys.exit(1)

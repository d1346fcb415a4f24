"""The node's verbs. Each opens one transaction, calls one service, prints one line."""

from __future__ import annotations

import sys

import click

from kuwei_node.bootstrap import Node, build
from kuwei_node.settings import Settings
from kuwei_shared.db.migrate import upgrade
from kuwei_shared.kernel.errors import KuweiError


@click.group()
def verbs() -> None:
    """库卫监测节点 Kuwei node."""


@verbs.command("migrate")
def migrate() -> None:
    """更新库表 Bring the database to the newest revision."""
    built = node("migrate")
    upgrade("kuwei_node", built.unit_of_work.engine)
    click.echo("库表已是最新")


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

"""The hub's verbs. Each opens one transaction, calls one service, prints one line."""

from __future__ import annotations

import sys

import click

from kuwei_hub.bootstrap import Hub, build
from kuwei_hub.settings import Settings
from kuwei_shared.kernel.errors import KuweiError


@click.group()
def verbs() -> None:
    """库卫省级中心 Kuwei hub."""


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

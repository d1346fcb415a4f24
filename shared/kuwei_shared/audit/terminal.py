"""The audit log at a terminal, where nobody signs in: entering acts, checking it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import click
from sqlalchemy.orm import Session

from kuwei_shared.audit.recorder import Recorder
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.identity.terminal import operator_principal
from kuwei_shared.kernel.errors import Kind, KuweiError


class Parts(Protocol):
    """What of a service the verbs need."""

    @property
    def unit_of_work(self) -> UnitOfWork:
        """Opens transactions."""

    @property
    def audit(self) -> Recorder:
        """Holds the log."""


def record(
    audit: Recorder, session: Session, act: str, about: str, **details: str | int
) -> None:
    """Enter an act of this terminal's account, in the act's transaction."""
    audit.record(session, operator_principal(), act, about, details)


def group(build: Callable[[], Parts]) -> click.Group:
    """Return the verb ``audit check``."""

    @click.group("audit")
    def audit() -> None:
        """审计日志 The log of what staff did."""

    @audit.command("check")
    def check() -> None:
        """核验全部记录 Compare every entry with its digest; status 1 at a break."""
        built = build()
        with built.unit_of_work.begin() as session:
            found = built.audit.ledger.check(session)
        if found.fault is not None:
            raise KuweiError(
                "audit.broken",
                f"记录链在第 {found.fault} 条处断裂,请立即报告并保全数据库。",
                kind=Kind.CONFLICT,
            )
        digest = found.digest.hex() if found.digest else "无"
        click.echo(f"{found.last} 条记录前后相连,末条摘要 {digest}")

    return audit

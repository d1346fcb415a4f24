"""Deleting what processes told each other of sessions, though nobody asks any more."""

from __future__ import annotations

from kuwei_node.identity import service
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.clock import Clock

SWEEP = "identity.sweep"
EVERY_S = 60.0


def sweep(work: UnitOfWork, clock: Clock) -> int:
    """Delete the answers whose time is over; return how many (ADR 20)."""
    with work.begin() as session:
        return service.sweep(session, clock.now())

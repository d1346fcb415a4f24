"""What a worker does: a sweep asks for due runs, a run claims one; both repeatable.

The database row is the work item; a message only wakes a worker. Losing Redis, or
delivering twice, changes nothing.
"""

from __future__ import annotations

import structlog

from kuwei_node.schedule.service import Scheduler
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.errors import KuweiError

log = structlog.get_logger()

SWEEP = "schedule.sweep"
RUNS_PER_SWEEP = 64


def sweep(unit_of_work: UnitOfWork, scheduler: Scheduler) -> int:
    """Ask for what is due, then run what can be claimed; return the runs done."""
    with unit_of_work.begin() as session:
        scheduler.ask_for_due(session)
    done = 0
    while done < RUNS_PER_SWEEP and run_one(unit_of_work, scheduler):
        done += 1
    return done


def run_one(unit_of_work: UnitOfWork, scheduler: Scheduler) -> bool:
    """Claim and run one stretch; False when there is nothing to claim."""
    with unit_of_work.begin() as session:
        claim = scheduler.claim(session)
    if claim is None:
        return False
    try:
        with unit_of_work.begin() as session:
            scheduler.run(session, claim)
    except KuweiError as error:
        with unit_of_work.begin() as session:
            scheduler.failed(session, claim, str(error))
    return True

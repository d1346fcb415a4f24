"""What a worker does: a sweep asks for due runs, a run claims one; both repeatable.

The database row is the work item; a message only wakes a worker. Losing Redis, or
delivering twice, changes nothing.
"""

from __future__ import annotations

import structlog

from kuwei_node.schedule.service import Scheduler, is_outage
from kuwei_shared.db.unit_of_work import UnitOfWork

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
    """Claim and run one stretch; False when no other should follow now."""
    with unit_of_work.begin() as session:
        claim = scheduler.claim(session)
    if claim is None:
        return False
    try:
        with unit_of_work.begin() as session:
            scheduler.run(session, claim)
    # The edge of a task: whatever went wrong is kept with the run, or nobody would
    # learn why it is never done; a bug of one run must not stop the others either.
    except Exception as error:
        log.exception("schedule.run_failed", run=claim.run_id)
        with unit_of_work.begin() as session:
            scheduler.failed(session, claim, error)
        return not is_outage(error)
    return True

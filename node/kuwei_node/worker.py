"""The node's Celery application: what runs without anybody asking.

Settings follow docs/adr (jobs): late acknowledgement, one message at a time, time
limits well below the visibility timeout. Work items are database rows, so losing
Redis loses nothing. This process never loads grpc: workers may fork.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery import Celery, Task, bootsteps
from celery.beat import EmbeddedService
from celery.signals import worker_process_init

from kuwei_node.bootstrap import Node
from kuwei_node.identity import tasks as identity
from kuwei_node.intake import tasks as imports
from kuwei_node.schedule import tasks

TIME_LIMIT_S = 900
VISIBILITY_S = 3_600

log = structlog.get_logger(__name__)


class TaskFailed(Exception):  # noqa: N818  # what Celery's log line says of it
    """What Celery may know and log of an error: where to find it."""


class Discreet(Task):  # type: ignore[type-arg]  # generic in the stubs alone
    """A task whose errors are logged here: Celery repeats their text word for word."""

    # Any: whatever a task takes and returns.
    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as above
        """Run the task.

        Raises:
            TaskFailed: in place of any error, with a reference to the log.
        """
        try:
            return super().__call__(*args, **kwargs)
        except Exception:  # a worker's edge
            reference = f"{time.monotonic_ns():x}"
            log.exception("task_failed", task=self.name, reference=reference)
            failed = TaskFailed(f"see task_failed {reference}")
        raise failed


class Beat(bootsteps.StartStopStep):
    """The clock of the schedule, as a thread of the worker.

    Celery's own is a process, which a killed worker would leave behind.
    """

    # Any: Celery's classes declare less than they hold.
    def create(self, parent: Any) -> Any:  # noqa: ANN401  # as above
        """Return the clock; Celery starts and stops it with the worker."""
        return EmbeddedService(
            parent.app, thread=True, schedule_filename=parent.schedule_filename
        )


def create_worker(node: Node) -> Celery:
    """Return the Celery application of a node."""
    visibility = {"visibility_timeout": VISIBILITY_S}
    app: Celery = Celery(
        "kuwei-node", broker=node.settings.redis_url, task_cls=Discreet
    )
    app.conf.update(
        broker_transport_options=visibility,
        visibility_timeout=VISIBILITY_S,
        task_default_queue=f"node.{node.settings.queue}",
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_time_limit=TIME_LIMIT_S,
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=500,
        worker_soft_shutdown_timeout=10,
        broker_connection_retry_on_startup=True,
        timezone="Asia/Shanghai",
        beat_schedule={
            "schedule-sweep": {
                "task": tasks.SWEEP,
                "schedule": node.settings.sweep_every_s,
                "options": {"expires": node.settings.sweep_every_s},
            },
            "ordered-imports": {
                "task": imports.RUN,
                "schedule": imports.EVERY_S,
                "options": {"expires": imports.EVERY_S},
            },
            "session-answers": {
                "task": identity.SWEEP,
                "schedule": identity.EVERY_S,
                "options": {"expires": identity.EVERY_S},
            },
        },
    )

    @app.task(name=tasks.SWEEP)
    def swept() -> int:
        return tasks.sweep(node.unit_of_work, node.scheduler)

    @app.task(name=identity.SWEEP)
    def forgotten() -> int:
        return identity.sweep(node.unit_of_work, node.clock)

    app.steps["worker"].add(Beat)
    imports.register(app, node.unit_of_work, node.intake, node.uploads)

    @worker_process_init.connect(weak=False)
    def forked(**_: object) -> None:
        # A TLS or libpq connection shared across fork corrupts both sides.
        node.unit_of_work.engine.dispose(close=False)

    return app

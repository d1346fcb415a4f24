"""The worker's settings: nothing is lost with Redis, nothing runs for ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from celery import Celery

from kuwei_node import worker
from kuwei_node.bootstrap import build
from kuwei_node.identity import tasks as identity
from kuwei_node.intake import tasks as imports
from kuwei_node.schedule import tasks
from kuwei_node.settings import Settings
from kuwei_shared.kernel.clock import SetClock


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Celery:
    """The application of a node whose servers are not there."""
    settings = Settings(
        mode="development",
        database_url="postgresql+psycopg2://nobody@127.0.0.1:1/none",
        data_dir=Path(tmp_path_factory.mktemp("worker")),
        redis_url="redis://127.0.0.1:1/0",
        queue="450102000",
    )
    return worker.create_worker(build(settings, process="test", clock=SetClock()))


def test_a_task_ends_long_before_another_worker_may_take_it(app: Celery) -> None:
    limit = app.conf.task_time_limit

    assert limit == worker.TIME_LIMIT_S
    assert limit * 2 < app.conf.visibility_timeout


def test_a_task_is_acknowledged_when_it_is_done(app: Celery) -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1


def test_every_task_of_the_timetable_exists_and_does_not_pile_up(app: Celery) -> None:
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks
        assert entry["options"]["expires"] <= entry["schedule"]

    planned = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert planned == {tasks.SWEEP, imports.RUN, identity.SWEEP}


def test_workers_of_two_nodes_share_no_queue(app: Celery) -> None:
    assert app.conf.task_default_queue == "node.450102000"


def test_a_worker_that_comes_before_redis_waits_for_it(app: Celery) -> None:
    assert app.conf.broker_connection_retry_on_startup

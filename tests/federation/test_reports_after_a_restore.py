"""A node whose database is an old backup: what it reports must not pass for known."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import embedded
import federation_lab as lab
import pytest
import rollout_lab
from rollout_lab import Desk, version_in_force
from sqlalchemy import create_engine, text

from kuwei_node import agent, schema
from kuwei_node.bootstrap import Node, build
from kuwei_node.settings import Settings
from kuwei_node.uplink.adapters.enrolment import Applicant
from kuwei_shared.identity.scope import of_service
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import PageRequest
from kuwei_shared.releases.adoption import AdoptionState

pytestmark = [pytest.mark.federation, pytest.mark.integration]

EMPTY = ("TRUNCATE catalogue_state, catalogue_release, adoption_outbox, adoption_head",)
AFTER_THE_FIRST = (
    "UPDATE catalogue_state SET active_serial = 1, told_version = '2026.1.1'",
    "DELETE FROM catalogue_release WHERE serial = 2",
    "UPDATE catalogue_release SET state = 'active'",
    "DELETE FROM adoption_outbox WHERE seq > 5",
    "UPDATE adoption_head SET seq = 5",
)


@pytest.fixture
def desk(province: lab.Province) -> Desk:
    rollout_lab.make_hub_tables(province.url)
    desk = Desk(province)
    desk.found()
    desk.publish(1)
    desk.assign(1, lab.CODE)
    return desk


@pytest.fixture
def node(
    postgres: embedded.Postgres, province: lab.Province, desk: Desk, folder: Path
) -> Iterator[Node]:
    """A member that has release 1 in force, and has told so."""
    del desk  # its root is pinned when a node enrols
    url = postgres.create(f"restored_{province.ports.members}")
    engine = create_engine(url)
    schema.metadata().create_all(engine)
    engine.dispose()
    settings = Settings(mode="development", database_url=url, data_dir=folder / "node")
    node = build(settings, process="test", clock=province.clock)
    province.expect()
    applicant = Applicant(node.identity_folder, province.token())
    applicant.apply()
    province.approve()
    applicant.collect()
    applicant.close()
    with online(node) as adopting:
        adopting.run()
    yield node
    node.unit_of_work.engine.dispose()


@contextlib.contextmanager
def online(node: Node) -> Iterator[agent.Adopting]:
    with agent.channel_of(node) as channel:
        line = agent.uplink_of(node, channel)
        line.greet()
        yield agent.Adopting(node, channel, line)


def restore(node: Node, backup: Sequence[str] = EMPTY) -> None:
    """Put a backup in place of the database: by default, one without a release."""
    with node.unit_of_work.begin() as session:
        for statement in backup:
            session.execute(text(statement))


def begin_epoch(node: Node) -> None:
    with node.unit_of_work.begin() as session:
        begun = node.standing.begin_epoch(session, node.identity_folder.read())
    node.identity_folder.write(begun)


def told(desk: Desk) -> list[tuple[int, str]]:
    """Return epoch and state of every report the hub holds, oldest first."""
    hub, page = desk.province.hub, PageRequest(sort="seq")
    with hub.unit_of_work.begin() as session:
        held = hub.ledger.reports(session, of_service(), lab.CODE, page)
    return [(row.epoch, row.state) for row in held.rows]


ONCE = [(1, state) for state in ("told", "fetched", "verified", "compiled", "active")]


def test_an_old_backup_is_found_out_by_the_greeting(desk: Desk, node: Node) -> None:
    restore(node)

    with pytest.raises(KuweiError, match=r"stream\.behind"), online(node):
        pass

    assert told(desk) == ONCE


def test_nothing_is_reported_before_the_greeting(desk: Desk, node: Node) -> None:
    restore(node)
    with agent.channel_of(node) as channel:
        adopting = agent.Adopting(node, channel, agent.uplink_of(node, channel))

        with pytest.raises(KuweiError, match=r"session\.not_open"):
            adopting.run()

    assert version_in_force(node) == "2026.1.1"
    assert desk.province.alarms() == []


def test_other_reports_under_the_same_numbers_alarm_and_stop_the_line(
    desk: Desk, node: Node
) -> None:
    with online(node) as adopting:
        restore(node)  # behind the back of an open session
        desk.province.clock.advance(dt.timedelta(minutes=1))

        with pytest.raises(KuweiError, match=r"report\.conflict"):
            adopting.run()
        with pytest.raises(KuweiError, match=r"report\.conflict"):
            adopting.line.greet()

    with node.unit_of_work.begin() as session:
        standing = node.standing.now(session)
    assert standing is not None
    assert standing.state == "forked"
    assert desk.province.alarms() == ["alarm_history_fork"]
    assert told(desk) == ONCE


def test_a_new_epoch_tells_what_is_in_force_by_the_history_that_is_left(
    desk: Desk, node: Node
) -> None:
    desk.publish(2)
    desk.assign(2, lab.CODE)
    with online(node) as adopting:
        adopting.run()
    restore(node, AFTER_THE_FIRST)
    desk.pause(lab.CODE)
    begin_epoch(node)

    with online(node) as adopting:
        adopting.run()

    row = desk.standing()[lab.CODE]
    assert told(desk)[-1] == (2, AdoptionState.ACTIVE)
    assert row.active_version == version_in_force(node) == "2026.1.1"

"""The uplink process of a node as production puts it together, before a real hub."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import embedded
import federation_lab as lab
import pytest
import rollout_lab
from node_site_lab import held_payment
from pace import PATIENCE_S, wait_until
from process_lab import PROGRAM
from rollout_lab import Desk, version_in_force
from sqlalchemy import create_engine, text
from year import SCREENED

from kuwei_node import agent, schema
from kuwei_node.bootstrap import Node, build
from kuwei_node.settings import Settings
from kuwei_node.uplink.adapters.enrolment import Applicant
from kuwei_node.uplink.domain import TUF_ROOT
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.trust import dsse

pytestmark = [pytest.mark.federation, pytest.mark.integration]


@pytest.fixture
def desk(province: lab.Province) -> Desk:
    """A hub with a release signed and assigned to the node."""
    rollout_lab.make_hub_tables(province.url)
    desk = Desk(province)
    desk.found()
    desk.publish(1)
    desk.assign(1, lab.CODE)
    return desk


@pytest.fixture
def stranger(
    postgres: embedded.Postgres, province: lab.Province, folder: Path
) -> Iterator[Node]:
    """A node that has not applied yet."""
    url = postgres.create(f"agent_{province.ports.members}")
    engine = create_engine(url)
    schema.metadata().create_all(engine)
    engine.dispose()
    settings = Settings(
        mode="development",
        database_url=url,
        data_dir=folder / "node",
        send_every_s=0.05,
        retry_min_s=2.0,
        retry_max_s=30.0,
    )
    node = build(settings, process="test", clock=province.clock)
    yield node
    node.unit_of_work.engine.dispose()


@pytest.fixture
def node(province: lab.Province, desk: Desk, stranger: Node) -> Node:
    """The node once it is a member."""
    del desk  # its root is pinned when a node enrols
    province.expect()
    applicant = Applicant(stranger.identity_folder, province.token())
    applicant.apply()
    province.approve()
    applicant.collect()
    applicant.close()
    return stranger


@contextlib.contextmanager
def online(node: Node) -> Iterator[agent.Adopting]:
    """Let a node look for releases in an open session."""
    with agent.channel_of(node) as channel:
        line = agent.uplink_of(node, channel)
        line.greet()
        yield agent.Adopting(node, channel, line)


def test_no_line_is_opened_before_enrolment(stranger: Node) -> None:
    with pytest.raises(KuweiError, match=r"identity\.missing"):
        agent.channel_of(stranger)


def test_an_assigned_release_is_taken_over(node: Node) -> None:
    before = version_in_force(node)

    with online(node) as adopting:
        adopting.run()

    assert (before, version_in_force(node)) == (None, "2026.1.1")


def test_without_a_pinned_root_no_release_is_looked_at(node: Node) -> None:
    node.identity_folder.forget(TUF_ROOT)

    with (
        online(node) as adopting,
        pytest.raises(KuweiError, match=r"identity\.missing"),
    ):
        adopting.run()

    assert version_in_force(node) is None


def test_reports_are_signed_by_the_key_the_hub_approved(node: Node) -> None:
    signer = agent.FolderSigner(node.identity_folder)

    signed = signer.sign(b"taken over", "a type")

    public = node.identity_folder.signing_key().public_key()
    assert dsse.verify(signed, "a type", public) == b"taken over"
    assert (signer.node_code, signer.epoch) == (lab.CODE, 1)


def test_the_waits_between_attempts_are_those_of_the_settings(node: Node) -> None:
    backoff = agent.backoff_of(node)

    waits = [backoff.failed(0.0) for _ in range(40)]

    assert min(waits) >= 2.0
    assert 2.0 < max(waits) <= 30.0


def test_what_was_screened_is_counted_at_the_hub(
    province: lab.Province, node: Node
) -> None:
    with online(node) as adopting:
        adopting.run()
        with node.unit_of_work.begin() as session:
            node.screening.screen(session, [held_payment("P1", pay_amt="30000000.00")])
        while adopting.line.record():
            pass

        adopting.line.send()

    with province.hub.unit_of_work.begin() as session:
        assert session.execute(text(SCREENED)).scalar_one() == 1
    assert province.alarms() == []


def started(node: Node) -> subprocess.Popen[bytes]:
    """Start the verb the way a supervisor does."""
    settings = {
        "KUWEI_MODE": "development",
        "KUWEI_DATABASE_URL": node.settings.database_url,
        "KUWEI_DATA_DIR": str(node.settings.data_dir),
        "KUWEI_RETRY_MIN_S": "1",
    }
    with (node.settings.data_dir / "uplink.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603  # our own program
            [str(PROGRAM), "uplink"],
            env=os.environ | settings,  # noqa: TID251  # passed on
            stdout=log,
            stderr=subprocess.STDOUT,
        )


@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGINT])
def test_the_process_takes_a_release_over_and_ends_when_told_to(
    node: Node, order: signal.Signals
) -> None:
    def is_over() -> bool:
        return running.poll() is not None or version_in_force(node) is not None

    running = started(node)
    try:
        wait_until(is_over, "it takes the release over")
        running.send_signal(order)
        status = running.wait(PATIENCE_S)
    finally:
        running.kill()
        running.wait()

    assert (status, version_in_force(node)) == (0, "2026.1.1")

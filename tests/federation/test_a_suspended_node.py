"""A node a person shut out: every call is refused, with the reason, open ones too."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import federation_lab as lab
import pytest
import rollout_lab
from pace import wait_until
from sqlalchemy import Connection, Engine, create_engine, event, text

from kuwei.v1 import distribution_pb2 as pb
from kuwei.v1 import distribution_pb2_grpc as pb_grpc
from kuwei.v1.ingest_pb2 import SubmitBatchRequest
from kuwei.v1.ingest_pb2_grpc import IngestServiceStub
from kuwei_node.catalogue.adapters import GrpcReporter
from kuwei_node.uplink.adapters.hub import GrpcHub
from kuwei_node.uplink.domain import LinkState
from kuwei_node.uplink.models import UplinkStatus
from kuwei_shared.identity.scope import of_service
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.releases.adoption import AdoptionState
from kuwei_shared.rpc.errors import raised_here

pytestmark = [pytest.mark.federation, pytest.mark.integration]
REASON = "设备失窃,已报案"
BUNDLE_BYTES = 16 << 20
WAIT_S = 60


def status(member: lab.Member) -> UplinkStatus:
    with member.work.begin() as session:
        found = member.standing.now(session)
    assert found is not None
    return found


def refused(member: lab.Member, step: Callable[[], object]) -> str:
    """Do a step as the process does; return how the node stands then."""
    with pytest.raises(KuweiError) as caught:
        step()
    assert REASON in caught.value.message
    return member.line.failed(caught.value)


def replace(province: lab.Province, fresh: lab.Member) -> None:
    """Let another machine take a node's place, approved by a second account."""
    province.clock.advance(dt.timedelta(microseconds=1))
    applicant = fresh.applicant(province.token(replace=True))
    applicant.apply()
    province.approve()
    applicant.collect()
    applicant.close()
    province.look()


def wait_long_for_locks(connection: Connection) -> None:
    """Let a call to the hub wait for a lock until the statement's own time is up."""
    connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'")


def record(member: lab.Member, figures: dict[dt.date, int]) -> None:
    for day, hits in figures.items():
        member.see(day, hits)
        member.line.record()


@pytest.fixture
def taker(
    province: lab.Province, engines: Callable[[], Engine], folder: Path
) -> Iterator[rollout_lab.Taker]:
    """A member that takes releases over, of a province that has founded its own."""
    rollout_lab.make_hub_tables(province.url)
    rollout_lab.Desk(province).found()
    engine = engines()
    rollout_lab.make_node_tables(engine)
    member = lab.Member(engine, folder / "taker", province.clock)
    member.enrol(province)
    member.dial(province)
    yield rollout_lab.Taker(member, folder / "releases")
    member.hang_up()


def test_every_unary_call_is_refused_with_the_reason(
    province: lab.Province, member: lab.Member
) -> None:
    member.line.greet()
    member.see(lab.MONDAY, 1)
    member.line.record()

    province.suspend(reason=REASON)

    for step in (
        member.line.greet,
        member.line.send,
        member.line.pulse,
        lambda: member.line.listen(50),
        lambda: GrpcReporter(member.channel)([]),
    ):
        assert refused(member, step) == LinkState.SUSPENDED
    assert province.hits() == []


def test_who_is_shut_out_is_seen_while_every_thread_waits_for_a_lock(
    province: lab.Province, member: lab.Member
) -> None:
    member.line.greet()
    work, stub = province.hub.unit_of_work, IngestServiceStub(member.channel)
    event.listen(work.engine, "begin", wait_long_for_locks)
    holder = create_engine(province.url)

    with holder.begin() as connection:
        connection.execute(text("LOCK TABLE fleet_key"))
        calls = [stub.SubmitBatch.future(SubmitBatchRequest()) for _ in range(4)]
        wait_until(lambda: province.server.bridge.inside >= 4, "all threads wait")
        province.suspend(reason=REASON)
        held = province.server.bridge.inside

    holder.dispose()
    assert held >= 4
    assert refused(member, member.line.greet) == LinkState.SUSPENDED
    assert all(call.exception(WAIT_S) for call in calls)


def test_the_nodes_own_page_learns_the_reason(
    province: lab.Province, member: lab.Member
) -> None:
    member.line.greet()

    province.suspend(reason=REASON)
    refused(member, member.line.greet)

    found = status(member)
    assert (found.state, found.code) == ("suspended", "node.denied")
    assert f"节点 {lab.CODE} 已被省级停用:{REASON}" in str(found.message)


def test_an_open_long_poll_ends_at_once_with_the_reason(
    province: lab.Province, member: lab.Member
) -> None:
    member.line.greet()
    hub = GrpcHub(member.channel, member.clock)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(hub.wait, {}, 45_000)
        member.line.pulse()
        province.suspend(reason=REASON)
        caught = waiting.exception(20)

    assert isinstance(caught, KuweiError)
    assert caught.code == "node.denied"
    assert REASON in caught.message


def test_the_long_polls_of_others_stay_open(
    province: lab.Province, member: lab.Member
) -> None:
    province.expect("450303000")
    with province.hub.unit_of_work.begin() as session:
        node = province.hub.company.node
        found = node(session, of_service(), "450303000")
        assert found is not None
        found.state = "active"
    member.line.greet()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(member.line.listen, 20_000)
        province.suspend("450303000", REASON)
        province.announce("catalogue")

        assert waiting.result(WAIT_S) == {"catalogue": 1}


def test_a_download_under_way_is_cut_off(
    province: lab.Province, taker: rollout_lab.Taker
) -> None:
    rollout_lab.Desk(province).publish(1, secrets.token_bytes(BUNDLE_BYTES))
    with taker.task().client.opened() as view:
        path = view.bundle("2026.1.1").target.get_prefixed_paths()[0]
    stub = pb_grpc.DistributionServiceStub(taker.member.channel)
    pieces = stub.FetchBlob(pb.FetchBlobRequest(path=f"targets/{path}"), timeout=WAIT_S)
    got = [len(next(pieces).chunk)]

    province.suspend(reason=REASON)
    with pytest.raises(KuweiError, match=r"node\.denied") as caught, raised_here():
        got.extend(len(piece.chunk) for piece in pieces)

    assert REASON in caught.value.message
    assert sum(got) < BUNDLE_BYTES


def test_a_release_it_could_not_fetch_is_taken_once_it_is_reinstated(
    province: lab.Province, taker: rollout_lab.Taker
) -> None:
    desk = rollout_lab.Desk(province)
    desk.publish(1)
    desk.assign(1, lab.CODE)
    with taker.task().client.opened() as view:
        bundle = view.bundle("2026.1.1")
        province.suspend(reason=REASON)
        with pytest.raises(KuweiError, match=r"node\.denied") as caught:
            view.fetch(bundle)
    with pytest.raises(KuweiError, match=REASON):
        taker.task().run()

    province.reinstate()
    taker.task().run()

    assert REASON in caught.value.message
    assert desk.standing()[lab.CODE].state is AdoptionState.ACTIVE


def test_after_reinstating_nothing_is_lost_and_nothing_counts_twice(
    province: lab.Province, member: lab.Member
) -> None:
    figures = {day: number for number, day in enumerate(lab.WEEK, 1)}
    member.line.greet()
    record(member, dict(list(figures.items())[:2]))
    member.line.send()
    province.suspend(reason=REASON)
    record(member, dict(list(figures.items())[2:]))
    refused(member, member.line.send)
    province.reinstate()

    member.line.greet()
    sent = member.line.send(), member.line.send()

    assert sent == (3, 0)
    assert {one.day: one.hits for one in province.hits()} == figures
    assert status(member).state == LinkState.CONNECTED
    assert province.alarms() == []


def test_a_node_that_was_away_all_the_time_needs_one_more_greeting(
    province: lab.Province, member: lab.Member
) -> None:
    member.line.greet()
    member.see(lab.MONDAY, 3)
    member.line.record()
    province.suspend(reason=REASON)
    province.reinstate()

    with pytest.raises(KuweiError, match=r"session\.no_hello") as caught:
        member.line.send()
    member.line.failed(caught.value)
    member.line.greet()

    assert member.line.send() == 1


def test_a_replaced_device_is_told_that_its_certificate_is_void(
    province: lab.Province, member: lab.Member, engines: Callable[[], Engine]
) -> None:
    province.suspend(reason=REASON)
    fresh = lab.Member(engines(), member.folder.parent / "fresh", member.clock)
    replace(province, fresh)

    with pytest.raises(KuweiError, match=r"node\.denied") as caught:
        member.line.greet()
    fresh.dial(province)
    hello = fresh.line.greet()
    fresh.hang_up()

    assert "已更换设备" in caught.value.message
    assert hello.epoch == 2

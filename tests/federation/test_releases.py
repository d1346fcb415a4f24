"""One release, several nodes, over a real server on loopback."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import catalogue_lab
import federation_lab as lab
import pytest
import rollout_lab
from rollout_lab import Desk, Taker
from sqlalchemy import Engine

from kuwei.v1 import distribution_pb2 as pb
from kuwei.v1 import distribution_pb2_grpc as pb_grpc
from kuwei_node.catalogue.adapters import GrpcReporter
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.releases.adoption import ADOPTION_TYPE, AdoptionState
from kuwei_shared.rpc.errors import raised_here
from kuwei_shared.trust import dsse
from kuwei_shared.wire import adoption as wire

pytestmark = [pytest.mark.federation, pytest.mark.integration]
CODES = ("450102000", "450303000", "450181000")


@pytest.fixture
def desk(province: lab.Province) -> Desk:
    rollout_lab.make_hub_tables(province.url)
    desk = Desk(province)
    desk.found()
    return desk


@pytest.fixture
def enlist(
    desk: Desk, engines: Callable[[], Engine], folder: Path
) -> Iterator[Callable[[str], Taker]]:
    made: list[Taker] = []

    def one(code: str) -> Taker:
        engine = engines()
        rollout_lab.make_node_tables(engine)
        member = lab.Member(engine, folder / code, desk.province.clock)
        member.enrol(desk.province, code)
        member.dial(desk.province)
        made.append(Taker(member, folder / f"{code}-releases"))
        return made[-1]

    yield one
    for taker in made:
        taker.member.hang_up()


@pytest.fixture
def takers(enlist: Callable[[str], Taker]) -> list[Taker]:
    return [enlist(code) for code in CODES]


@pytest.fixture
def taker(enlist: Callable[[str], Taker]) -> Taker:
    return enlist(CODES[0])


def test_all_nodes_become_active_and_the_hub_sees_it(
    desk: Desk, takers: list[Taker]
) -> None:
    desk.publish(1)
    desk.assign(1, *CODES)

    for taker in takers:
        taker.task().run()

    assert {taker.in_force() for taker in takers} == {"2026.1.1"}
    assert {row.state for row in desk.standing().values()} == {AdoptionState.ACTIVE}


def test_only_assigned_nodes_move(desk: Desk, takers: list[Taker]) -> None:
    desk.publish(1)
    desk.assign(1, CODES[0])

    for taker in takers:
        taker.task().run()

    assert [taker.in_force() for taker in takers] == ["2026.1.1", None, None]


@pytest.mark.parametrize(
    ("bundle", "names"),
    [
        (catalogue_lab.bad_example(), "恰为标准"),
        (catalogue_lab.uncompilable(), "pg_sleep"),
    ],
)
def test_a_bad_release_stays_out_and_the_hub_sees_why(
    desk: Desk, taker: Taker, bundle: bytes, names: str
) -> None:
    desk.publish(1)
    desk.assign(1, CODES[0])
    taker.task().run()
    desk.publish(2, bundle)
    desk.assign(2, CODES[0])

    taker.task().run()

    row = desk.standing()[CODES[0]]
    assert taker.in_force() == row.active_version == "2026.1.1"
    assert row.state is AdoptionState.FAILED
    assert names in row.reason


def test_a_hub_restart_in_the_middle_loses_nothing(desk: Desk, taker: Taker) -> None:
    desk.publish(1)
    desk.assign(1, CODES[0])
    with taker.task().client.opened() as view:
        bundle = view.bundle("2026.1.1")
        desk.province.stop()
        with pytest.raises(KuweiError) as away:
            view.fetch(bundle)
    desk.province.start()
    taker.reconnect()

    taker.task().run()

    assert away.value.kind is Kind.UNAVAILABLE
    assert desk.standing()[CODES[0]].state is AdoptionState.ACTIVE


def test_reports_made_while_the_hub_was_away_arrive_later(
    desk: Desk, taker: Taker
) -> None:
    desk.publish(1)
    desk.assign(1, CODES[0])
    task = taker.task()

    def lost(_: object) -> tuple[int, int]:
        raise KuweiError("rpc.unreachable", "不通", kind=Kind.UNAVAILABLE)

    with pytest.raises(KuweiError, match=r"rpc\.unreachable"):
        dataclasses.replace(task, send=lost).run()
    assert desk.standing()[CODES[0]].state is None
    desk.province.restart()
    taker.reconnect()

    task.flush()

    assert desk.standing()[CODES[0]].state is AdoptionState.ACTIVE


def test_rolling_back_over_the_wire(desk: Desk, taker: Taker) -> None:
    for serial, version in ((1, 1), (2, 2)):
        rule = catalogue_lab.rule(version=version)
        desk.publish(serial, catalogue_lab.packed(rule))
        desk.assign(serial, CODES[0])
        taker.task().run()

    desk.assign(1, CODES[0])
    taker.task().run()

    assert taker.in_force() == "2026.1.1"
    assert desk.standing()[CODES[0]].state is AdoptionState.ACTIVE


def forged(taker: Taker, code: str) -> dsse.Signed:
    """A report in the name of a code, signed by this taker."""
    with taker.member.work.begin() as session:
        taker.adoption.report(session, "2026.1.1", 1, AdoptionState.ACTIVE)
        (own,) = taker.adoption.waiting(session)
        session.rollback()
    key = taker.member.identity_folder.signing_key()
    report = wire.decode(dsse.verify(own, ADOPTION_TYPE, key.public_key()))
    claimed = dataclasses.replace(report, node_code=code)
    return taker.signer.sign(wire.encode(claimed), ADOPTION_TYPE)


def test_a_report_for_another_node_is_refused(desk: Desk, takers: list[Taker]) -> None:
    report = forged(takers[0], CODES[1])

    with pytest.raises(KuweiError, match=r"report\.foreign"):
        GrpcReporter(takers[0].member.channel)([report])

    assert desk.standing()[CODES[1]].state is None


def test_a_report_carried_by_another_node_is_refused(
    desk: Desk, takers: list[Taker]
) -> None:
    report = forged(takers[0], CODES[0])

    with pytest.raises(KuweiError, match=r"signature\.invalid"):
        GrpcReporter(takers[1].member.channel)([report])

    assert desk.standing()[CODES[0]].state is None


def fetch(taker: Taker, path: str, offset: int = 0) -> bytes:
    stub = pb_grpc.DistributionServiceStub(taker.member.channel)
    request = pb.FetchBlobRequest(path=path, offset=offset)
    with raised_here():
        return b"".join(piece.chunk for piece in stub.FetchBlob(request, timeout=10))


def test_an_absent_file_is_a_status_not_an_empty_stream(taker: Taker) -> None:
    with pytest.raises(KuweiError) as refusal:
        fetch(taker, "metadata/9.root.json")

    assert refusal.value.kind is Kind.MISSING


@pytest.mark.parametrize("path", ["../authority/root.key", "/etc/passwd", ""])
def test_nothing_outside_the_repository_is_served(taker: Taker, path: str) -> None:
    with pytest.raises(KuweiError, match=r"release\.bad_path"):
        fetch(taker, path)


def test_a_broken_stream_goes_on_where_it_stopped(taker: Taker) -> None:
    whole = fetch(taker, "metadata/1.targets.json")

    assert fetch(taker, "metadata/1.targets.json", 100) == whole[100:]


def test_a_suspended_node_gets_no_files(desk: Desk, taker: Taker) -> None:
    desk.province.suspend(CODES[0])

    with pytest.raises(KuweiError, match=r"node\.denied"):
        fetch(taker, "metadata/timestamp.json")


def version_of(metadata: bytes) -> int:
    return int(json.loads(metadata)["signed"]["version"])


def rotate(desk: Desk) -> None:
    hub = desk.province.hub
    with hub.unit_of_work.begin() as session:
        renewed = hub.library.rotate(session, hub.keys)
    with hub.unit_of_work.begin() as session:
        hub.library.adopt(session, hub.keys, renewed)


def test_a_node_with_an_older_state_follows_a_rotation_of_the_online_keys(
    desk: Desk, taker: Taker
) -> None:
    desk.publish(1)
    desk.assign(1, CODES[0])
    taker.task().run()
    before = fetch(taker, "metadata/timestamp.json")

    rotate(desk)
    taker.task().run()
    rule = catalogue_lab.rule(version=2)
    desk.publish(2, catalogue_lab.packed(rule))
    desk.assign(2, CODES[0])
    taker.task().run()

    after = fetch(taker, "metadata/timestamp.json")
    assert version_of(before) < version_of(after)
    assert fetch(taker, "metadata/2.root.json")
    assert taker.in_force() == "2026.1.2"
    assert desk.standing()[CODES[0]].state is AdoptionState.ACTIVE


def test_until_fresh_keys_are_adopted_nothing_is_signed(
    desk: Desk, taker: Taker
) -> None:
    desk.publish(1)
    hub = desk.province.hub
    with hub.unit_of_work.begin() as session:
        hub.library.rotate(session, hub.keys)

    with (
        pytest.raises(KuweiError, match=r"release\.stale_keys"),
        hub.unit_of_work.begin() as session,
    ):
        hub.library.resign(session)
    rotate(desk)

    with taker.task().client.opened() as view:
        assert [one.version for one in view.releases()] == ["2026.1.1"]

"""A number the wire carries and no table holds is refused by name, not a fault."""

from __future__ import annotations

import federation_lab as lab
import grpc
import pytest

from kuwei.v1 import ingest_pb2, ingest_pb2_grpc, session_pb2, session_pb2_grpc
from kuwei_hub.fleet.domain import PROTOCOL
from kuwei_shared.identity.scope import of_service
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rpc.errors import raised_here
from kuwei_shared.wire.bounds import EPOCH_MAX

pytestmark = pytest.mark.federation
CALL_S = 60


def hello(
    member: lab.Member, epoch: int = 1, clock_ms: int | None = None
) -> session_pb2.HelloResponse:
    now_ms = int(member.clock.now().timestamp() * 1000)
    request = session_pb2.HelloRequest(
        protocol_min=PROTOCOL,
        protocol_max=PROTOCOL,
        epoch=epoch,
        clock_ms=now_ms if clock_ms is None else clock_ms,
    )
    stub = session_pb2_grpc.SessionServiceStub(member.channel)
    return stub.Hello(request, timeout=CALL_S)


def epoch_known(province: lab.Province) -> int:
    with province.hub.unit_of_work.begin() as session:
        node = province.hub.company.node(session, of_service(), lab.CODE)
        assert node is not None
        return node.epoch


@pytest.mark.parametrize("epoch", [2**63, 2**64 - 1, EPOCH_MAX + 1])
def test_an_epoch_beyond_the_table_is_an_invalid_argument(
    province: lab.Province, member: lab.Member, epoch: int
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        hello(member, epoch=epoch)
    with pytest.raises(KuweiError, match=r"request\.epoch") as told, raised_here():
        hello(member, epoch=epoch)

    status = caught.value
    assert isinstance(status, grpc.Call)
    assert status.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert f"纪元 {epoch} 超出范围" in told.value.message
    assert epoch_known(province) == 1
    assert province.alarms() == []


def test_the_largest_epoch_is_kept(province: lab.Province, member: lab.Member) -> None:
    answer = hello(member, epoch=EPOCH_MAX)

    assert answer.epoch == epoch_known(province) == EPOCH_MAX


@pytest.mark.parametrize("epoch", [2**63, 2**64 - 1])
def test_nothing_is_held_of_an_epoch_that_cannot_be(
    member: lab.Member, epoch: int
) -> None:
    stub = ingest_pb2_grpc.IngestServiceStub(member.channel)
    request = ingest_pb2.GetAckStateRequest(epoch=epoch)

    with pytest.raises(KuweiError, match=r"request\.epoch"), raised_here():
        stub.GetAckState(request, timeout=CALL_S)


@pytest.mark.parametrize("clock_ms", [-(2**63), -1, 2**63 - 1])
def test_a_clock_out_of_all_time_is_refused(member: lab.Member, clock_ms: int) -> None:
    stub = session_pb2_grpc.SessionServiceStub(member.channel)
    pulse = session_pb2.HeartbeatRequest(clock_ms=clock_ms)

    with pytest.raises(KuweiError, match=r"request\.clock"), raised_here():
        hello(member, clock_ms=clock_ms)
    with pytest.raises(KuweiError, match=r"request\.clock"), raised_here():
        stub.Heartbeat(pulse, timeout=CALL_S)

"""gRPC itself refuses a message beyond the limit; the node does not repeat it."""

from __future__ import annotations

import federation_lab as lab
import grpc
import pytest

from kuwei.v1 import ingest_pb2, ingest_pb2_grpc
from kuwei_hub import grpc_server
from kuwei_node.uplink.adapters.hub import GrpcHub
from kuwei_node.uplink.domain import LinkState
from kuwei_node.uplink.service.outbox import Message
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.rpc.options import MESSAGE_BYTES_MAX, SERVER_OPTIONS
from kuwei_shared.trust.dsse import Signature, Signed

pytestmark = pytest.mark.federation
CALL_S = 60
SMALL_MAX = 20_000


def of_size(size: int) -> Signed:
    mark = Signature(keyid="k", sig=b"s")
    return Signed(payload_type="t", payload=bytes(size), signatures=(mark,))


def say(member: lab.Member, size: int) -> None:
    """Put a message of about so many bytes into the node's stream."""
    message = Message(
        stream="stats",
        type="kuwei.v1.Other",
        schema_rev=1,
        business_day=lab.MONDAY,
        body=bytes(size),
    )
    with member.work.begin() as session:
        member.outbox.record(session, member.identity_folder.read(), message)


def test_a_message_beyond_the_limit_is_told_from_a_busy_hub(
    member: lab.Member,
) -> None:
    member.line.greet()

    with pytest.raises(KuweiError) as caught:
        GrpcHub(member.channel, member.clock).submit([of_size(MESSAGE_BYTES_MAX)])

    assert (caught.value.code, caught.value.kind) == ("rpc.too_large", Kind.INVALID)
    assert caught.value.retry_after_s is None


def test_the_largest_message_below_the_limit_is_read(member: lab.Member) -> None:
    member.line.greet()

    ack = GrpcHub(member.channel, member.clock).submit(
        [of_size(MESSAGE_BYTES_MAX - 100)]
    )

    assert [one.code for one in ack.acks] == ["signature.wrong_type"]


def test_gRPC_says_size_in_the_words_we_read(member: lab.Member) -> None:  # noqa: N802  # its name
    stub = ingest_pb2_grpc.IngestServiceStub(member.channel)
    request = ingest_pb2.SubmitBatchRequest()
    request.envelopes.add(payload=bytes(MESSAGE_BYTES_MAX))

    with pytest.raises(grpc.RpcError) as caught:
        stub.SubmitBatch(request, timeout=CALL_S)

    status = caught.value
    assert isinstance(status, grpc.Call)
    assert status.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in str(status.details())


def test_a_hub_that_takes_less_stops_the_stream_aloud_and_the_rest_goes_on(
    province: lab.Province, member: lab.Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    less = [("grpc.max_receive_message_length", SMALL_MAX), *SERVER_OPTIONS[1:]]
    monkeypatch.setattr(grpc_server, "SERVER_OPTIONS", less)
    province.restart()
    lab.greet_again(member.line)
    for size in (10, SMALL_MAX, 10):
        say(member, size)

    sent = [member.line.send() for _ in range(3)]
    member.line.pulse()

    with member.work.begin() as session:
        status = member.standing.now(session)
    assert sent == [1, 0, 0]
    assert status is not None
    assert (status.state, status.code) == (LinkState.FAULTY, "stream.too_large")

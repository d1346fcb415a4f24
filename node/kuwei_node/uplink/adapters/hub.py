"""The hub over gRPC: one channel under mutual TLS, a deadline on every call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Final

import grpc

from kuwei.v1 import ingest_pb2, ingest_pb2_grpc, session_pb2, session_pb2_grpc
from kuwei_node.uplink.domain import PROTOCOL, HubHello, Submitted
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.rpc.errors import raised_here
from kuwei_shared.rpc.options import CHANNEL_OPTIONS
from kuwei_shared.trust.dsse import Signed
from kuwei_shared.wire import ingest as acks
from kuwei_shared.wire.envelope import from_message, to_message

HELLO_S: Final = 10.0
HEARTBEAT_S: Final = 5.0
SUBMIT_S: Final = 30.0
WAIT_MARGIN_S: Final = 10.0


def open_channel(
    address: str, *, trust_pem: bytes, key_pem: bytes, chain_pem: bytes
) -> grpc.Channel:
    """Open the channel all calls to the hub share; it connects by itself."""
    credentials = grpc.ssl_channel_credentials(trust_pem, key_pem, chain_pem)
    return grpc.secure_channel(address, credentials, CHANNEL_OPTIONS)


class GrpcHub:
    """Fulfils the Hub port."""

    def __init__(self, channel: grpc.Channel, clock: Clock) -> None:
        self._clock = clock
        self._session = session_pb2_grpc.SessionServiceStub(channel)
        self._ingest = ingest_pb2_grpc.IngestServiceStub(channel)

    def hello(self, epoch: int, positions: Mapping[str, int]) -> HubHello:
        """Open a session."""
        request = session_pb2.HelloRequest(
            agent_version=version("kuwei"),
            protocol_min=PROTOCOL,
            protocol_max=PROTOCOL,
            clock_ms=self._clock_ms(),
            epoch=epoch,
            streams=[
                session_pb2.StreamPosition(stream=stream, seq=seq)
                for stream, seq in positions.items()
            ],
        )
        with raised_here():
            answer = self._session.Hello(request, timeout=HELLO_S)
        return HubHello(
            epoch=answer.epoch,
            applied={one.stream: one.seq for one in answer.applied},
            features=tuple(answer.features),
            spread_ms=answer.spread_ms,
            credits=answer.credits,
            clock_skew_ms=self._clock_ms() - answer.clock_ms,
        )

    def heartbeat(self, queue_depth: int) -> None:
        """Say "alive"."""
        request = session_pb2.HeartbeatRequest(
            clock_ms=self._clock_ms(),
            queue_depth=queue_depth,
            agent_version=version("kuwei"),
        )
        with raised_here():
            self._session.Heartbeat(request, timeout=HEARTBEAT_S)

    def wait(self, known: Mapping[str, int], wait_ms: int) -> Mapping[str, int]:
        """Wait for bulletins newer than those known."""
        request = session_pb2.WaitForWorkRequest(
            known=[
                session_pb2.Bulletin(topic=topic, version=number)
                for topic, number in known.items()
            ],
            wait_ms=wait_ms,
        )
        with raised_here():
            answer = self._session.WaitForWork(
                request, timeout=wait_ms / 1000 + WAIT_MARGIN_S
            )
        return {one.topic: one.version for one in answer.news}

    def submit(self, batch: Sequence[Signed]) -> Submitted:
        """Hand in signed envelopes."""
        request = ingest_pb2.SubmitBatchRequest(
            envelopes=[to_message(one) for one in batch]
        )
        with raised_here():
            answer = self._ingest.SubmitBatch(request, timeout=SUBMIT_S)
        return Submitted(
            acks=[acks.from_message(one) for one in answer.acks],
            receipts=[from_message(one) for one in answer.receipts],
            credits=answer.credits,
        )

    def _clock_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

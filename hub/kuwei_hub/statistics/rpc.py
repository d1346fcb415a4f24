"""Ingest at the wire: decode, call, encode."""

from __future__ import annotations

from typing import Any

from kuwei.v1 import ingest_pb2 as pb
from kuwei.v1 import ingest_pb2_grpc as pb_grpc
from kuwei_hub.fleet.domain import CREDITS
from kuwei_hub.statistics.domain import Answer
from kuwei_hub.statistics.service.ingest import Ingest
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.rpc import peers
from kuwei_shared.rpc.bridge import Bridge
from kuwei_shared.rpc.peers import Peer
from kuwei_shared.trust.dsse import Signed
from kuwei_shared.wire import bounds
from kuwei_shared.wire import ingest as acks
from kuwei_shared.wire.envelope import from_message, to_message

Context = Any  # grpc.aio's contexts are untyped


class IngestRpc(pb_grpc.IngestServiceServicer):
    """Takes signed envelopes from members."""

    def __init__(
        self, *, unit_of_work: UnitOfWork, bridge: Bridge, ingest: Ingest
    ) -> None:
        self._unit_of_work = unit_of_work
        self._bridge = bridge
        self._ingest = ingest

    async def SubmitBatch(
        self, request: pb.SubmitBatchRequest, context: Context
    ) -> pb.SubmitBatchResponse:
        """Take a batch."""
        del context
        batch = [from_message(one) for one in request.envelopes]
        answer = await self._bridge.run(self._submit, peers.current(), batch)
        return pb.SubmitBatchResponse(
            acks=[acks.to_message(one) for one in answer.acks],
            receipts=[to_message(one) for one in answer.receipts],
            credits=CREDITS,
        )

    async def GetAckState(
        self, request: pb.GetAckStateRequest, context: Context
    ) -> pb.GetAckStateResponse:
        """Report what is held of the caller's streams."""
        del context
        epoch = bounds.epoch(request.epoch)
        held = await self._bridge.run(self._receipts, peers.current(), epoch)
        return pb.GetAckStateResponse(receipts=[to_message(one) for one in held])

    def _submit(self, peer: Peer, batch: list[Signed]) -> Answer:
        with self._unit_of_work.begin() as session:
            return self._ingest.submit(session, peer.node_code, peer.identity, batch)

    def _receipts(self, peer: Peer, epoch: int) -> list[Signed]:
        with self._unit_of_work.begin() as session:
            return self._ingest.receipts(session, peer.node_code, peer.identity, epoch)

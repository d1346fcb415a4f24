"""Release files and adoption reports over gRPC, as the ports want them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import grpc

from kuwei.v1 import distribution_pb2 as pb
from kuwei.v1 import distribution_pb2_grpc as pb_grpc
from kuwei_shared.releases.fetcher import EagerFetcher
from kuwei_shared.rpc.errors import raised_here
from kuwei_shared.trust import dsse
from kuwei_shared.wire.envelope import to_message

FETCH_S = 300
REPORT_S = 10


def grpc_fetcher(channel: grpc.Channel) -> EagerFetcher:
    """Return a TUF fetcher that reads the hub's repository over a channel."""
    stub = pb_grpc.DistributionServiceStub(channel)

    def open_blob(path: str, offset: int) -> Iterator[bytes]:
        request = pb.FetchBlobRequest(path=path, offset=offset)
        with raised_here():
            for piece in stub.FetchBlob(request, timeout=FETCH_S):
                yield piece.chunk

    return EagerFetcher(open_blob)


class GrpcReporter:
    """Hands adoption reports to the hub."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = pb_grpc.DistributionServiceStub(channel)

    def __call__(self, reports: Sequence[dsse.Signed]) -> tuple[int, int]:
        """Send reports; return epoch and number of the last one the hub holds.

        Raises:
            KuweiError: what the hub refused with, or ``rpc.unreachable``.
        """
        request = pb.ReportActivationRequest(
            reports=[to_message(report) for report in reports]
        )
        with raised_here():
            response = self._stub.ReportActivation(request, timeout=REPORT_S)
        return response.epoch, response.seq

"""Distribution at the wire: decode, call, encode.

Every file but the timestamp is immutable under its name, so it is read from the
database once and then served from a bounded cache: three hundred nodes fetching at
once cost one query and one copy of the bundle.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Final

from grpc import aio

from kuwei.v1 import distribution_pb2 as pb
from kuwei.v1 import distribution_pb2_grpc as pb_grpc
from kuwei_hub.distribution.domain import Taken
from kuwei_hub.distribution.service.ledger import Ledger
from kuwei_hub.distribution.service.library import Library
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.releases import layout
from kuwei_shared.rpc import peers
from kuwei_shared.rpc.bridge import Bridge
from kuwei_shared.trust import dsse
from kuwei_shared.wire.envelope import from_message

CHUNK_BYTES: Final = 256 << 10
CACHE_BYTES: Final = 64 << 20
MUTABLE: Final = "metadata/timestamp.json"


class BlobCache:
    """Immutable files by path, least recently used first, bounded in bytes."""

    def __init__(self, bytes_max: int = CACHE_BYTES) -> None:
        self.bytes_max = bytes_max
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, path: str) -> bytes | None:
        """Return a held file."""
        with self._lock:
            data = self._held.get(path)
            if data is not None:
                self._held.move_to_end(path)
            return data

    def put(self, path: str, data: bytes) -> None:
        """Hold a file unless it may change or is too big to hold."""
        if path == MUTABLE or len(data) > self.bytes_max:
            return
        with self._lock:
            if path not in self._held:
                self._held[path] = data
                self._bytes += len(data)
            while self._bytes > self.bytes_max:
                _, dropped = self._held.popitem(last=False)
                self._bytes -= len(dropped)


class DistributionRpc(pb_grpc.DistributionServiceServicer):
    """Serves release files to members and takes their reports."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        bridge: Bridge,
        library: Library,
        ledger: Ledger,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._bridge = bridge
        self._library = library
        self._ledger = ledger
        self._cache = BlobCache()
        self._loading: dict[str, asyncio.Future[bytes]] = {}

    async def FetchBlob(
        self,
        request: pb.FetchBlobRequest,
        context: aio.ServicerContext[pb.FetchBlobRequest, pb.FetchBlobResponse],
    ) -> AsyncIterator[pb.FetchBlobResponse]:
        """Stream one file in pieces."""
        del context
        data = await self._blob(request.path)
        if request.offset > len(data):
            raise KuweiError(layout.BAD_OFFSET, "续传位置超出文件长度。")
        view = memoryview(data)[request.offset :]
        for start in range(0, max(len(view), 1), CHUNK_BYTES):
            yield pb.FetchBlobResponse(chunk=bytes(view[start : start + CHUNK_BYTES]))

    async def ReportActivation(
        self,
        request: pb.ReportActivationRequest,
        context: aio.ServicerContext[
            pb.ReportActivationRequest, pb.ReportActivationResponse
        ],
    ) -> pb.ReportActivationResponse:
        """Take signed reports; answer how far the ledger has come."""
        del context
        reports = [from_message(message) for message in request.reports]
        code = peers.current().node_code
        taken = await self._bridge.run(self._record, code, reports)
        if taken.refusal is not None:
            raise taken.refusal
        return pb.ReportActivationResponse(epoch=taken.at.epoch, seq=taken.at.seq)

    async def _blob(self, path: str) -> bytes:
        """Return a file; askers of one file share one query."""
        held = self._cache.get(path)
        if held is not None:
            return held
        loading = self._loading.get(path)
        if loading is None:
            loading = asyncio.ensure_future(self._bridge.run(self._load, path))
            self._loading[path] = loading
            loading.add_done_callback(lambda done: self._loaded(path, done))
        # One asker who hangs up must not cancel the query of the others.
        return await asyncio.shield(loading)

    def _loaded(self, path: str, done: asyncio.Future[bytes]) -> None:
        self._loading.pop(path, None)
        if not done.cancelled() and done.exception() is None:
            self._cache.put(path, done.result())

    def _load(self, path: str) -> bytes:
        with self._unit_of_work.begin() as session:
            return self._library.blob(session, path)

    def _record(self, code: str, reports: list[dsse.Signed]) -> Taken:
        with self._unit_of_work.begin() as session:
            return self._ledger.record(session, code, reports)

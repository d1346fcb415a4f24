"""The hub's gRPC process: one event loop, two ports, never forked.

Members call the first port under mutual TLS; applicants call the second, which
asks no certificate and serves enrolment alone. A look-out reads bulletins and the
denylist from PostgreSQL, so any process of the hub may change them. The look-out,
greetings and heartbeats, and applicants have threads and connections of their own:
neither a flood of figures nor a crowd of strangers makes a member wait to be heard.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import grpc
import structlog
from google.protobuf.internal import api_implementation
from grpc import aio
from sqlalchemy.exc import SQLAlchemyError

from kuwei.v1 import (
    distribution_pb2_grpc,
    enrolment_pb2_grpc,
    ingest_pb2_grpc,
    session_pb2_grpc,
)
from kuwei_hub.bootstrap import APPLICANT_THREADS, CONTROL_THREADS, Hub
from kuwei_hub.distribution.rpc import DistributionRpc
from kuwei_hub.fleet.domain import DenyList, Watch
from kuwei_hub.fleet.rpc import Board, EnrolmentRpc, SessionRpc, Throttle
from kuwei_hub.identity import tasks as identity
from kuwei_hub.statistics.rpc import IngestRpc
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rpc.bridge import Bridge
from kuwei_shared.rpc.edge import Edge, Observer, unobserved
from kuwei_shared.rpc.options import APPLICANT_OPTIONS, SERVER_OPTIONS, Options
from kuwei_shared.rpc.peers import Guard
from kuwei_shared.trust import certificates, keys

GRACE_S = 5.0
RESIGN_EVERY_S = 600.0
APPLICANTS_WAITING_MAX = 32

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where a started server listens."""

    members: int
    applicants: int


class GrpcServer:
    """Both ports of one hub; made, started and stopped inside one event loop."""

    def __init__(self, hub: Hub, observe: Observer = unobserved) -> None:
        if api_implementation.Type() != "upb":  # pure Python has CVE-2025-4565
            raise RuntimeError("protobuf must run on upb")
        self.hub = hub
        self.board = Board()
        self.denials = DenyList(hub.clock)
        settings = hub.settings
        self.bridge = Bridge(
            threads=settings.grpc_threads, waiting_max=settings.grpc_waiting_max
        )
        self.control = Bridge(
            threads=CONTROL_THREADS, waiting_max=settings.grpc_waiting_max
        )
        self.reception = Bridge(
            threads=APPLICANT_THREADS, waiting_max=APPLICANTS_WAITING_MAX
        )
        # A suspension is seen though every other thread waits for a lock.
        self.look_out = Bridge(threads=1, waiting_max=settings.grpc_waiting_max)
        guard = Guard(
            trust_domain=settings.trust_domain, clock=hub.clock, denials=self.denials
        )
        self._members = _server(Edge(guard, observe), SERVER_OPTIONS)
        self._applicants = _server(Edge(None, observe), APPLICANT_OPTIONS)
        self._duties: tuple[asyncio.Task[None], ...] = ()

    async def start(self) -> Ports:
        """Look once, then listen.

        Raises:
            KuweiError: ``authority.missing`` before ``init-ca``.
        """
        await self.look()
        self._register()
        tls = Tls(self.hub)
        ports = Ports(
            members=self._members.add_secure_port(
                self.hub.settings.grpc_bind, tls.credentials(asks_certificate=True)
            ),
            applicants=self._applicants.add_secure_port(
                self.hub.settings.enrol_bind, tls.credentials(asks_certificate=False)
            ),
        )
        await self._members.start()
        await self._applicants.start()
        self._duties = (
            asyncio.create_task(self._keep_looking()),
            asyncio.create_task(self._keep_fresh()),
            asyncio.create_task(self._keep_clean()),
        )
        return ports

    async def stop(self) -> None:
        """Send long polls home, let calls end, and release the database."""
        for duty in self._duties:
            duty.cancel()
        await asyncio.gather(*self._duties, return_exceptions=True)
        await self.board.close()
        await asyncio.gather(
            self._members.stop(GRACE_S), self._applicants.stop(GRACE_S)
        )
        for bridge in (self.bridge, self.control, self.reception, self.look_out):
            bridge.close()
        self.hub.unit_of_work.engine.dispose()

    async def look(self) -> None:
        """Read bulletins and the denylist once."""
        watch = await self.look_out.run(self._watch)
        self.denials.learn(watch.denied)
        await self.board.post(watch.bulletins, watch.denied)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(self.hub.settings.watch_every_s)
            try:
                await self.look()
            except (KuweiError, SQLAlchemyError) as error:
                # After a minute of this the denylist refuses everybody by itself.
                log.warning("look_out_failed", reason=type(error).__name__)

    async def _keep_fresh(self) -> None:
        """Sign the timestamp again in time; ``kuwei-hub resign`` is the second way."""
        while True:
            try:
                await self.bridge.run(self._resign)
            except (KuweiError, SQLAlchemyError) as error:
                # Nodes keep enforcing what they have; pages show the ageing.
                log.warning("resign_failed", reason=str(error))
            await asyncio.sleep(RESIGN_EVERY_S)

    async def _keep_clean(self) -> None:
        """Delete answers about sessions whose minute is over, though nobody asks."""
        while True:
            try:
                await self.bridge.run(self._sweep)
            except (KuweiError, SQLAlchemyError) as error:
                # The next question deletes them as well, and so does the next minute.
                log.warning("sweep_failed", reason=str(error))
            await asyncio.sleep(identity.SWEEP_EVERY_S)

    def _resign(self) -> None:
        with self.hub.unit_of_work.begin() as session:
            self.hub.library.resign_if_due(session)

    def _sweep(self) -> None:
        identity.sweep(self.hub.unit_of_work, self.hub.clock)

    def _watch(self) -> Watch:
        with self.hub.unit_of_work.begin() as session:
            return self.hub.company.watch(session)

    def _register(self) -> None:
        hub, work = self.hub, self.hub.unit_of_work
        session_pb2_grpc.add_SessionServiceServicer_to_server(
            SessionRpc(
                unit_of_work=work,
                bridge=self.control,
                company=hub.company,
                positions=hub.positions,
                board=self.board,
                denials=self.denials,
                clock=hub.clock,
                spread_ms=hub.settings.spread_ms,
            ),
            self._members,
        )
        ingest_pb2_grpc.add_IngestServiceServicer_to_server(
            IngestRpc(unit_of_work=work, bridge=self.bridge, ingest=hub.ingest),
            self._members,
        )
        distribution_pb2_grpc.add_DistributionServiceServicer_to_server(
            DistributionRpc(
                unit_of_work=work,
                bridge=self.bridge,
                library=hub.library,
                ledger=hub.ledger,
            ),
            self._members,
        )
        enrolment_pb2_grpc.add_EnrolmentServiceServicer_to_server(
            EnrolmentRpc(
                unit_of_work=work,
                bridge=self.reception,
                enrolment=hub.enrolment,
                applying=Throttle(hub.settings.enrol_per_minute),
                polling=Throttle(hub.settings.enrol_polls_per_minute),
                tuf_root=hub.tuf_root,
            ),
            self._applicants,
        )


class Tls:
    """The server's own certificate: made in memory, renewed at half life."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._issue()

    def credentials(self, *, asks_certificate: bool) -> grpc.ServerCredentials:
        """Return credentials that pick up a renewed certificate by themselves."""
        shown = self._presented()
        return grpc.dynamic_ssl_server_credentials(
            _configuration(shown),
            Renewal(self.current, shown),  # type: ignore[arg-type]  # stubs forget None
            require_client_authentication=asks_certificate,
        )

    def current(self) -> Presented:
        """Return what is to be shown now, renewed if it is past its half life."""
        if certificates.past_half_life(self._leaf, self._hub.clock.now()):
            self._issue()
        return self._presented()

    def _issue(self) -> None:
        settings, issuer = self._hub.settings, self._hub.authority.issuer()
        self._key = keys.new_tls_key()
        self._leaf = certificates.issue_server(
            issuer,
            self._key.public_key(),
            identity=certificates.hub_identity(settings.trust_domain),
            server_names=settings.server_names,
            now=self._hub.clock.now(),
        )
        self._chain = certificates.chain_pem(self._leaf, issuer.certificate)

    def _presented(self) -> Presented:
        trust = self._hub.authority.trust_pem()
        return Presented(keys.private_pem(self._key), self._chain, trust)


class Presented(NamedTuple):
    """What a port shows whoever dials, and whom it trusts; PEM."""

    key: bytes
    chain: bytes
    trust: bytes


class Renewal:
    """Asked at every handshake whether a port shall show something else from now on.

    The library exchanges what a port shows while others shake hands by it, which has
    ended the process under three hundred at once: it is told of changes alone.
    """

    def __init__(self, current: Callable[[], Presented], shown: Presented) -> None:
        self._current = current
        self._shown = shown

    def __call__(self) -> grpc.ServerCertificateConfiguration | None:
        """Return what to show from now on; None leaves it as it is."""
        now = self._current()
        if now == self._shown:
            return None
        self._shown = now
        return _configuration(now)


def _configuration(shown: Presented) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration(
        [(shown.key, shown.chain)], root_certificates=shown.trust
    )


def run(hub: Hub, ready: Callable[[Ports], None]) -> None:
    """Serve until SIGTERM or SIGINT."""
    asyncio.run(_serve(hub, ready))


async def _serve(hub: Hub, ready: Callable[[Ports], None]) -> None:
    server, ending = GrpcServer(hub), asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ending.set)
    try:
        ready(await server.start())
        await ending.wait()
    finally:
        await server.stop()


def _server(edge: Edge, options: Options) -> aio.Server:
    return aio.server(interceptors=(edge,), options=options)

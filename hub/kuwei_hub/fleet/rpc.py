"""The fleet at the wire: decode, call, encode; and the board long polls wait at."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from kuwei.v1 import enrolment_pb2, enrolment_pb2_grpc, session_pb2, session_pb2_grpc
from kuwei_hub.fleet.domain import (
    CREDITS,
    PROTOCOL,
    DenyList,
    EnrolmentState,
    Greeting,
    Membership,
    Pulse,
    Verdict,
    Welcome,
)
from kuwei_hub.fleet.service.company import Company
from kuwei_hub.fleet.service.enrolment import Enrolment
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.releases.adoption import REPORT_STREAM
from kuwei_shared.rpc import peers
from kuwei_shared.rpc.bridge import Bridge
from kuwei_shared.rpc.options import LONG_POLL_MS
from kuwei_shared.trust.enrolment import Application
from kuwei_shared.wire import bounds

Context = Any  # grpc.aio's contexts are untyped
CALLERS_REMEMBERED: Final = 10_000
MINUTE_S: Final = 60.0

STATES: Final = {
    EnrolmentState.PENDING: enrolment_pb2.ENROLMENT_STATE_PENDING_APPROVAL,
    EnrolmentState.APPROVED: enrolment_pb2.ENROLMENT_STATE_APPROVED,
    EnrolmentState.REFUSED: enrolment_pb2.ENROLMENT_STATE_REFUSED,
}

Positions = Callable[[Session, str, int], Mapping[str, int]]
"""How far each stream of a node has been applied in an epoch."""

TufRoot = Callable[[Session], bytes | None]
"""The first root of the release repository, None before there is one."""


class Throttle:
    """At most so many requests from one address in a minute.

    A minute begins with an address's first request; two numbers are kept for each.
    """

    def __init__(
        self, per_minute: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_minute = per_minute
        self._monotonic = monotonic
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def admit(self, peer: str) -> None:
        """Raise when the address asked too often.

        Raises:
            KuweiError: ``enrolment.too_often``.
        """
        address, now = peer.rpartition(":")[0], self._monotonic()
        since, asked = self._seen.get(address, (now, 0))
        if now - since >= MINUTE_S:
            since, asked = now, 0
        if asked == self._per_minute:
            raise KuweiError(
                "enrolment.too_often",
                "入网请求过于频繁,请一分钟后再试。",
                kind=Kind.LIMITED,
                retry_after_s=int(MINUTE_S),
            )
        self._seen[address] = (since, asked + 1)
        self._seen.move_to_end(address)
        if len(self._seen) > CALLERS_REMEMBERED:
            self._seen.popitem(last=False)


class EnrolmentRpc(enrolment_pb2_grpc.EnrolmentServiceServicer):
    """Hears applications; the only service without client certificates."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        bridge: Bridge,
        enrolment: Enrolment,
        applying: Throttle,
        polling: Throttle,
        tuf_root: TufRoot,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._bridge = bridge
        self._enrolment = enrolment
        self._applying = applying
        self._polling = polling
        self._tuf_root = tuf_root

    async def Enroll(
        self, request: enrolment_pb2.EnrollRequest, context: Context
    ) -> enrolment_pb2.EnrollResponse:
        """Hear one application."""
        self._applying.admit(context.peer())
        application = Application(
            token_id=request.token_id,
            node_code=request.node_code,
            csr_der=request.csr_der,
            signing_key=request.signing_key,
            host_name=request.host.host_name,
            platform=request.host.platform,
            agent_version=request.host.agent_version,
        )
        verdict = await self._bridge.run(self._apply, application, request.hmac)
        if verdict.state is None:
            raise verdict.refusal or AssertionError
        return enrolment_pb2.EnrollResponse(
            state=STATES[verdict.state], fingerprint_words=verdict.words
        )

    async def PollEnrolment(
        self, request: enrolment_pb2.PollEnrolmentRequest, context: Context
    ) -> enrolment_pb2.PollEnrolmentResponse:
        """Tell an applicant where it stands."""
        self._polling.admit(context.peer())
        return await self._bridge.run(self._poll, request.token_id, request.proof)

    def _apply(self, application: Application, mac: bytes) -> Verdict:
        with self._unit_of_work.begin() as session:
            return self._enrolment.apply(session, application, mac)

    def _poll(
        self, token_id: bytes, proof: bytes
    ) -> enrolment_pb2.PollEnrolmentResponse:
        with self._unit_of_work.begin() as session:
            membership = self._enrolment.poll(session, token_id, proof)
            approved = membership.state is EnrolmentState.APPROVED
            root = self._tuf_root(session) if approved else None
        return _encode(membership, root or b"")


class Board:
    """Where long polls wait for a bulletin newer than those they know."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}
        self._denied: Mapping[str, str] = {}
        self._changed = asyncio.Condition()
        self._closed = False

    async def post(
        self, versions: Mapping[str, int], denied: Mapping[str, str]
    ) -> None:
        """Put up the present versions; wake waiters if those or the denied changed."""
        if (versions, denied) == (self._versions, self._denied):
            return
        async with self._changed:
            self._versions, self._denied = dict(versions), denied
            self._changed.notify_all()

    async def close(self) -> None:
        """Send everybody home; the server is stopping."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()

    async def news(
        self,
        known: Mapping[str, int],
        wait_s: float,
        *,
        is_denied: Callable[[], bool],
    ) -> dict[str, int]:
        """Return topics that differ from what is known, waiting for some.

        Whoever is denied meanwhile waits no longer; the edge refuses the answer.
        """
        try:
            async with asyncio.timeout(wait_s), self._changed:
                await self._changed.wait_for(
                    lambda: self._closed or is_denied() or self._newer(known) != {}
                )
        except TimeoutError:
            return {}
        return self._newer(known)

    def _newer(self, known: Mapping[str, int]) -> dict[str, int]:
        return {
            topic: version
            for topic, version in self._versions.items()
            if known.get(topic) != version
        }


class SessionRpc(session_pb2_grpc.SessionServiceServicer):
    """Greets members and tells them what is new."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        bridge: Bridge,
        company: Company,
        positions: Positions,
        board: Board,
        denials: DenyList,
        clock: Clock,
        spread_ms: int,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._bridge = bridge
        self._company = company
        self._positions = positions
        self._board = board
        self._denials = denials
        self._clock = clock
        self._spread_ms = spread_ms

    async def Hello(
        self, request: session_pb2.HelloRequest, context: Context
    ) -> session_pb2.HelloResponse:
        """Open a session."""
        del context
        greeting = Greeting(
            agent_version=request.agent_version,
            clock_ms=bounds.moment_ms(request.clock_ms),
            epoch=bounds.epoch(request.epoch),
            protocol_min=request.protocol_min,
            protocol_max=request.protocol_max,
        )
        code = peers.current().node_code
        welcome, held = await self._bridge.run(self._hello, code, greeting)
        named = {one.stream for one in request.streams}
        if welcome.refusal is not None:
            raise welcome.refusal
        return session_pb2.HelloResponse(
            protocol=PROTOCOL,
            clock_ms=self._clock_ms(),
            epoch=welcome.epoch,
            applied=[
                session_pb2.StreamPosition(stream=stream, seq=seq)
                for stream, seq in held.items()
                # A node that does not speak of its reports would think itself behind.
                if stream in named or stream != REPORT_STREAM
            ],
            features=welcome.features,
            spread_ms=self._spread_ms,
            credits=CREDITS,
        )

    async def Heartbeat(
        self, request: session_pb2.HeartbeatRequest, context: Context
    ) -> session_pb2.HeartbeatResponse:
        """Note a sign of life."""
        del context
        pulse = Pulse(
            clock_ms=bounds.moment_ms(request.clock_ms),
            queue_depth=request.queue_depth,
            agent_version=request.agent_version,
        )
        await self._bridge.run(self._heartbeat, peers.current().node_code, pulse)
        return session_pb2.HeartbeatResponse(clock_ms=self._clock_ms())

    async def WaitForWork(
        self, request: session_pb2.WaitForWorkRequest, context: Context
    ) -> session_pb2.WaitForWorkResponse:
        """Wait for news; holds no thread and no connection while waiting."""
        del context
        known = {one.topic: one.version for one in request.known}
        wait_s = min(request.wait_ms, LONG_POLL_MS) / 1000
        peer = peers.current()
        news = await self._board.news(
            known, wait_s, is_denied=lambda: self._denials.denies(peer)
        )
        return session_pb2.WaitForWorkResponse(
            news=[
                session_pb2.Bulletin(topic=topic, version=version)
                for topic, version in news.items()
            ],
            spread_ms=self._spread_ms,
        )

    def _hello(
        self, code: str, greeting: Greeting
    ) -> tuple[Welcome, Mapping[str, int]]:
        with self._unit_of_work.begin() as session:
            welcome = self._company.hello(session, code, greeting)
            return welcome, self._positions(session, code, welcome.epoch)

    def _heartbeat(self, code: str, pulse: Pulse) -> None:
        with self._unit_of_work.begin() as session:
            self._company.heartbeat(session, code, pulse)

    def _clock_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def _encode(
    membership: Membership, tuf_root: bytes
) -> enrolment_pb2.PollEnrolmentResponse:
    return enrolment_pb2.PollEnrolmentResponse(
        state=STATES[membership.state],
        chain_pem=membership.chain_pem,
        trust_pem=membership.trust_pem,
        hub_signing_key=membership.hub_signing_key,
        key_statement=membership.key_statement,
        tuf_root=tuf_root,
        epoch=membership.epoch,
        identity=membership.identity,
    )

"""The node's uplink process: one channel to the hub, never in a process that forks.

Its own process and module, because a process that has loaded grpc must not fork
(wire.md c.1) and the web and worker processes do.
"""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

import grpc

from kuwei_node.bootstrap import Node
from kuwei_node.catalogue.adapters import GrpcReporter, grpc_fetcher
from kuwei_node.catalogue.service.adoption import Adoption, reported
from kuwei_node.catalogue.tasks import AdoptionLoop, AdoptionTask, Send
from kuwei_node.uplink.adapters.hub import GrpcHub, open_channel
from kuwei_node.uplink.adapters.identity import IdentityFolder
from kuwei_node.uplink.domain import TUF_ROOT, Backoff, Patience
from kuwei_node.uplink.tasks.line import Uplink
from kuwei_node.uplink.tasks.process import OnNews, Process, Rhythm
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.releases.adoption import REPORT_CONFLICT
from kuwei_shared.releases.client import ReleaseClient
from kuwei_shared.trust import dsse


def channel_of(node: Node) -> grpc.Channel:
    """Open the channel this node's identity entitles it to.

    Raises:
        KuweiError: ``identity.missing`` before enrolment.
    """
    folder = node.identity_folder
    return open_channel(
        folder.read().grpc_address,
        trust_pem=folder.load("trust.pem"),
        key_pem=folder.load("tls.key"),
        chain_pem=folder.load("chain.pem"),
    )


def uplink_of(node: Node, channel: grpc.Channel) -> Uplink:
    """Put the line to the hub together."""
    return Uplink(
        unit_of_work=node.unit_of_work,
        hub=GrpcHub(channel, node.clock),
        identity=node.identity_folder.read(),
        signing_key=node.identity_folder.signing_key(),
        outbox=node.outbox,
        recorder=node.recorder,
        standing=node.standing,
        patience=Patience(node.clock, lambda: backoff_of(node)),
        other_ends=reported,
    )


def backoff_of(node: Node) -> Backoff:
    """Return a fresh backoff between this node's shortest and longest wait."""
    return Backoff(
        shortest_s=node.settings.retry_min_s,
        longest_s=node.settings.retry_max_s,
        uniform=secrets.SystemRandom().uniform,
    )


def process_of(node: Node, line: Uplink, on_news: OnNews) -> Process:
    """Put the running process together."""
    settings = node.settings
    return Process(
        line,
        rhythm=Rhythm(
            send_every_s=settings.send_every_s,
            heartbeat_s=settings.heartbeat_s,
            wait_ms=settings.wait_ms,
        ),
        backoffs=(backoff_of(node), backoff_of(node)),
        on_news=on_news,
    )


@dataclass(frozen=True, slots=True)
class FolderSigner:
    """Signs adoption reports with the identity in a folder."""

    folder: IdentityFolder

    @property
    def node_code(self) -> str:
        """Division code of the node."""
        return self.folder.read().node_code

    @property
    def epoch(self) -> int:
        """The node's present epoch."""
        return self.folder.read().epoch

    def sign(self, payload: bytes, payload_type: str) -> dsse.Signed:
        """Sign bytes as one type."""
        return dsse.sign(payload, payload_type, self.folder.signing_key())


@dataclass(frozen=True, slots=True)
class SessionReporter:
    """Hands adoption reports in while a session is open; a fork stops the line.

    The greeting finds an old backup out before anything goes up from it.
    """

    send: Send
    line: Uplink

    def __call__(self, reports: Sequence[dsse.Signed]) -> tuple[int, int]:
        """Send reports; return epoch and number of the last one the hub holds.

        Raises:
            KuweiError: ``session.not_open``, or what the hub refused with.
        """
        self.line.require_session()
        try:
            return self.send(reports)
        except KuweiError as error:
            if error.code == REPORT_CONFLICT:
                self.line.stop(error)
            raise


def adoption_of(node: Node, channel: grpc.Channel, line: Uplink) -> AdoptionTask:
    """Put the taking over of releases together; reports go up in the line's session.

    Raises:
        KuweiError: ``identity.missing`` when no release root was pinned at enrolment.
    """
    folder = node.identity_folder
    client = ReleaseClient(
        node.settings.data_dir / "releases",
        bootstrap=folder.load(TUF_ROOT),
        fetcher=grpc_fetcher(channel),
        clock=node.clock,
    )
    return AdoptionTask(
        code=folder.read().node_code,
        unit_of_work=node.unit_of_work,
        adoption=Adoption(
            clock=node.clock,
            signer=FolderSigner(folder),
            agent_version=version("kuwei"),
            prepare=node.catalogues.rehearse,
        ),
        client=client,
        send=SessionReporter(GrpcReporter(channel), line),
    )


@dataclass(frozen=True, slots=True)
class Adopting:
    """One look at the province; waits for a root to be pinned, if none is yet."""

    node: Node
    channel: grpc.Channel
    line: Uplink

    def run(self) -> None:
        """Look; raise KuweiError when it came to nothing."""
        adoption_of(self.node, self.channel, self.line).run()


def run(node: Node) -> None:
    """Keep the line until SIGTERM or SIGINT."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    channel = channel_of(node)
    line = uplink_of(node, channel)
    loop = AdoptionLoop(
        Adopting(node, channel, line),
        every_s=node.settings.catalogue_every_s,
        uniform=secrets.SystemRandom().uniform,
    )
    adopting = threading.Thread(target=loop.run, name="adoption")
    adopting.start()
    try:
        process_of(node, line, loop.hint).run(stop)
    finally:
        loop.stop()
        adopting.join()
        channel.close()
        node.unit_of_work.engine.dispose()

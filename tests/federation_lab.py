"""A province on loopback: a real gRPC hub and nodes with real databases, for tests."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import threading
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest
from pace import PATIENCE_S, wait_until
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import Session

from kuwei_hub.bootstrap import Hub
from kuwei_hub.bootstrap import build as build_hub
from kuwei_hub.fleet import models as fleet
from kuwei_hub.grpc_server import GrpcServer, Ports
from kuwei_hub.settings import Settings as HubSettings
from kuwei_hub.statistics.models import Statistic
from kuwei_node.catalogue import adapters as reporting
from kuwei_node.uplink import models as uplink
from kuwei_node.uplink.adapters import enrolment as applying
from kuwei_node.uplink.adapters import hub as calling
from kuwei_node.uplink.adapters.enrolment import Applicant
from kuwei_node.uplink.adapters.hub import GrpcHub, open_channel
from kuwei_node.uplink.adapters.identity import IdentityFolder
from kuwei_node.uplink.domain import (
    Backoff,
    Day,
    HubHello,
    Mark,
    Patience,
    Seen,
    Submitted,
)
from kuwei_node.uplink.domain import Hub as HubPort
from kuwei_node.uplink.service.outbox import OutboxService
from kuwei_node.uplink.service.recorder import Recorder
from kuwei_node.uplink.service.standing import Standing
from kuwei_node.uplink.tasks.line import Uplink
from kuwei_shared.db.base import HubTable, NodeTable
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.clock import SetClock, SystemClock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.trust.dsse import Signed
from kuwei_shared.wire.statistics import Family, Figure, Measure

T = TypeVar("T")


class DayHits(NamedTuple):
    """How often rules hit in a jurisdiction on a day, as the hub holds it."""

    code: str
    day: dt.date
    hits: int


CODE = "450102000"
MONDAY = dt.date(2026, 1, 5)
WEEK = [MONDAY + dt.timedelta(days=number) for number in range(5)]

NODE_ROWS = (
    uplink.OutboxStream,
    uplink.Outbox,
    uplink.OutboxReceipt,
    uplink.StatisticTouch,
    uplink.StatisticRevision,
    uplink.StatisticMark,
    uplink.UplinkStatus,
)


class Line:
    """The real hub over a line; a subclass says how it fails."""

    def __init__(self, hub: GrpcHub) -> None:
        self.hub = hub

    def hello(self, epoch: int, positions: Mapping[str, int]) -> HubHello:
        return self.hub.hello(epoch, positions)

    def heartbeat(self, queue_depth: int) -> None:
        self.hub.heartbeat(queue_depth)

    def wait(self, known: Mapping[str, int], wait_ms: int) -> Mapping[str, int]:
        return self.hub.wait(known, wait_ms)

    def submit(self, batch: Sequence[Signed]) -> Submitted:
        return self.hub.submit(batch)


@contextlib.contextmanager
def unhurried() -> Iterator[None]:
    """Give a hub in a thread of the tests time to be scheduled before it answers."""
    with pytest.MonkeyPatch.context() as patch:
        for limit in ("HELLO_S", "HEARTBEAT_S", "SUBMIT_S", "WAIT_MARGIN_S"):
            patch.setattr(calling, limit, PATIENCE_S)
        patch.setattr(applying, "CALL_S", PATIENCE_S)
        patch.setattr(reporting, "REPORT_S", PATIENCE_S)
        yield


def greet_again(line: Uplink) -> None:
    """Greet a hub that was away, as often as it takes to be heard."""

    def is_heard() -> bool:
        try:
            line.greet()
        except KuweiError as error:
            if error.code != "rpc.unreachable":
                raise
            return False
        return True

    wait_until(is_heard, "the hub answers again")


def make_hub_tables(url: str) -> None:
    engine = create_engine(url)
    HubTable.metadata.create_all(engine)
    engine.dispose()


def make_node_tables(engine: Engine) -> None:
    tables = [NodeTable.metadata.tables[row.__tablename__] for row in NODE_ROWS]
    NodeTable.metadata.create_all(engine, tables=tables)


def clock_of_today() -> SetClock:
    """TLS itself asks the machine's clock, so a federation starts today."""
    return SetClock(SystemClock().now())


class Desk:
    """Fulfils the Measures port: figures as a test writes them down."""

    def __init__(self) -> None:
        self.hits: dict[Day, int] = {}

    def of_day(self, session: Session, day: Day) -> Mapping[Family, tuple[Figure, ...]]:
        del session
        figure = Figure(measure=Measure.HITS, rule_id="GX-U10", value=self.hits[day])
        return {Family.RULES: (figure,)}

    @property
    def sources(self) -> Sequence[str]:
        return ()

    def seen(self, session: Session, mark: Mark) -> Sequence[Seen]:
        raise AssertionError(session, mark)  # a desk has no sources


@dataclass
class Province:
    """One hub with its gRPC server in a thread of its own."""

    url: str
    folder: Path
    ports: Ports
    clock: SetClock = field(default_factory=clock_of_today)

    def start(self) -> None:
        self.hub = self._build()
        self.hub.authority.create("gx")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._await(self._serve())

    def stop(self) -> None:
        self._await(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def waiting(self) -> int:
        """Return how many long polls wait at the hub."""
        return len(self.server.board._changed._waiters)

    def look(self) -> None:
        """Let the look-out look now instead of a second later."""
        self._await(self.server.look())

    def expect(self, code: str = CODE) -> None:
        with self.hub.unit_of_work.begin() as session:
            self.hub.enrolment.register(
                session, code, name="兴宁区", level="county", parent=None, by="登记岗"
            )

    def token(self, code: str = CODE, *, replace: bool = False) -> str:
        with self.hub.unit_of_work.begin() as session:
            token = self.hub.enrolment.issue_token(
                session, code, by="签发岗", account="cli:issuer", replace=replace
            )
        return token.to_json()

    def approve(
        self, code: str = CODE, by: str = "复核岗", account: str = "cli:approver"
    ) -> None:
        with self.hub.unit_of_work.begin() as session:
            self.hub.enrolment.approve(session, code, by=by, account=account)

    def suspend(self, code: str = CODE, reason: str = "设备失窃") -> None:
        with self.hub.unit_of_work.begin() as session:
            self.hub.suspensions.suspend(session, code, by="管理岗", reason=reason)
        self.look()

    def reinstate(self, code: str = CODE) -> None:
        with self.hub.unit_of_work.begin() as session:
            self.hub.suspensions.ask(session, code, by="管理岗", reason="设备已找回")
            self.hub.suspensions.approve(session, code, by="分管领导")
        self.look()

    def announce(self, topic: str) -> None:
        with self.hub.unit_of_work.begin() as session:
            self.hub.company.announce(session, topic)
        self.look()

    def alarms(self) -> list[str]:
        with self.hub.unit_of_work.begin() as session:
            query = session.query(fleet.FleetEvent.kind).order_by(fleet.FleetEvent.id)
            return [kind for (kind,) in query if kind.startswith("alarm_")]

    def hits(self) -> list[DayHits]:
        """Return what days hold, after comparing them with what months hold."""
        day, code = Statistic.business_day, Statistic.mof_div_code
        total = func.sum(Statistic.value)
        query = select(code, day, total).where(Statistic.measure == Measure.HITS)
        with self.hub.unit_of_work.begin() as session:
            checked = self.hub.reading.check(session)
            rows = session.execute(query.group_by(code, day).order_by(total.desc()))
            found = [DayHits(*row) for row in rows]
        assert {one.differing for one in checked.values()} == {0}
        return found

    async def _serve(self) -> Ports:
        self.server = GrpcServer(self.hub)
        return await self.server.start()

    def _build(self) -> Hub:
        settings = HubSettings(
            mode="development",
            database_url=self.url,
            data_dir=self.folder,
            grpc_bind=f"127.0.0.1:{self.ports.members}",
            enrol_bind=f"127.0.0.1:{self.ports.applicants}",
            grpc_address=f"localhost:{self.ports.members}",
            enrol_address=f"localhost:{self.ports.applicants}",
            grpc_threads=4,
            enrol_per_minute=600,
            keys_passphrase="口令",
        )
        # A look-out of its own would come between a test and what it tries.
        quiet = settings.model_copy(update={"watch_every_s": 86_400.0})
        return build_hub(quiet, process="test", clock=self.clock)

    def _await(self, work: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)


def backoff() -> Backoff:
    """Return one whose waits grow threefold: 3, 9, 27 up to 900 seconds."""
    return Backoff(shortest_s=1, longest_s=900, uniform=lambda _, most: most)


@dataclass
class Member:
    """One node: a folder, a database, and its line to the hub."""

    engine: Engine
    folder: Path
    clock: SetClock
    desk: Desk = field(default_factory=Desk)

    def __post_init__(self) -> None:
        self.work = UnitOfWork(self.engine)
        self.identity_folder = IdentityFolder(self.folder)
        self.outbox = OutboxService(self.clock)
        self.recorder = Recorder(self.outbox, self.desk)
        self.standing = Standing(self.clock)

    def applicant(self, token: str) -> Applicant:
        return Applicant(self.identity_folder, token)

    def enrol(self, province: Province, code: str = CODE) -> None:
        province.expect(code)
        applicant = self.applicant(province.token(code))
        applicant.apply()
        province.approve(code)
        applicant.collect()
        applicant.close()

    def dial(self, province: Province) -> None:
        """Open a channel and make the line; does not greet."""
        load = self.identity_folder.load
        self.channel = open_channel(
            f"localhost:{province.ports.members}",
            trust_pem=load("trust.pem"),
            key_pem=load("tls.key"),
            chain_pem=load("chain.pem"),
        )
        self.line = self.line_over(GrpcHub(self.channel, self.clock))

    def line_over(self, hub: HubPort) -> Uplink:
        return Uplink(
            unit_of_work=self.work,
            hub=hub,
            identity=self.identity_folder.read(),
            signing_key=self.identity_folder.signing_key(),
            outbox=self.outbox,
            recorder=self.recorder,
            standing=self.standing,
            patience=Patience(self.clock, backoff),
        )

    def see(self, day: dt.date, hits: int, code: str = CODE) -> None:
        """Let a day have so many hits from now on."""
        changed = Day(mof_div_code=code, business_day=day)
        self.desk.hits[changed] = hits
        with self.work.begin() as session:
            self.recorder.touch(session, [changed])

    def hang_up(self) -> None:
        self.channel.close()

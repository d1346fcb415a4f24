"""Canaries in every payment field: none is ever seen outside the node's database.

What passes between node and hub is recorded where it is bytes and not yet, or no
longer, encrypted; then the hub's tables, files and both sides' words are searched.
"""

from __future__ import annotations

import base64
import datetime as dt
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import catalogue_lab
import embedded
import federation_lab as lab
import grpc
import pytest
import rollout_lab
from canary_lab import NUMBERS, canary, sightings
from rollout_lab import Desk, version_in_force
from screening_lab import ScreeningLab, payment, standard
from sqlalchemy import Column, Date, Engine, String, create_engine, text

import kuwei.v1
from kuwei.v1.enrolment_pb2_grpc import EnrolmentServiceStub
from kuwei_node import agent, schema
from kuwei_node.bootstrap import Node, build
from kuwei_node.settings import Settings
from kuwei_node.uplink.adapters.enrolment import Applicant
from kuwei_shared.db.base import NodeTable
from kuwei_shared.rules.compiler import untuned
from kuwei_shared.rules.vocabulary import Type
from kuwei_shared.screening.effective import EffectiveCatalogue

# What a figure is counted by; everything else stays at home.
COUNTED_BY = {"stage", "entry_kind", "mof_div_code"}
# Places are public, and the hub knew them first.
PUBLIC = {"jurisdiction"}
# One that is taken over with running totals of what was paid, then two that fail.
RELEASES = (
    catalogue_lab.packed(
        catalogue_lab.rule(
            when="pay_amt >= param.limit or coalesce(fact.project_paid, 0) > 150"
            " and pay_amt < 0"
        )
    ),
    catalogue_lab.bad_example(),
    catalogue_lab.uncompilable(),
)
# What must have been seen on the way and be held by the hub, or nothing was tapped.
TOLD = (b"GX-U10", "恰为标准".encode(), b"pg_sleep")
_WHOLE = "COPY (SELECT * FROM {}) TO STDOUT"


# Any: gRPC's own loosely typed call factories.
Factory = Callable[..., Any]


class Tap:
    """A channel that keeps a copy of every message's bytes, either way.

    Kinds of call it does not know it refuses: a new one must not pass unheard.
    """

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self.seen: list[bytes] = []
        self.called: set[str] = set()
        self.unary_unary = self._tapped(channel.unary_unary)
        self.unary_stream = self._tapped(channel.unary_stream)

    def _tapped(self, factory: Factory) -> Factory:
        def make(
            method: str,
            request_serializer: Callable[[Any], bytes],
            response_deserializer: Callable[[bytes], Any],
            **options: Any,  # noqa: ANN401  # see above
        ) -> Any:  # noqa: ANN401  # see above
            def sent(message: Any) -> bytes:  # noqa: ANN401  # see above
                self.called.add(method.rpartition("/")[2])
                self.seen.append(request_serializer(message))
                return self.seen[-1]

            def received(data: bytes) -> Any:  # noqa: ANN401  # see above
                self.seen.append(data)
                return response_deserializer(data)

            return factory(method, sent, received, **options)

        return make


@pytest.fixture
def home(postgres: embedded.Postgres) -> Iterator[Engine]:
    """Return a node's whole database."""
    engine = create_engine(postgres.create(f"canaries_{next(NUMBERS)}"))
    schema.metadata().create_all(engine)
    yield engine
    engine.dispose()


def with_canaries(**changes: object) -> dict[str, Any]:  # Any: payment fields
    """Return a payment whose every text and code is a canary."""
    fields = standard().vocabulary.payment
    texts = {
        name: canary()
        for name, declared in fields.items()
        if declared.type in {Type.TEXT, Type.CODE} and name not in COUNTED_BY
    }
    given: dict[str, Any] = {"payment_id": canary()} | texts | changes
    return payment(**given)


def plant_reference(engine: Engine) -> None:
    """Put a canary into every text of every reference table."""
    entities = standard().vocabulary.entities.values()
    for table in {one.table for one in entities if one.table not in PUBLIC}:
        columns = NodeTable.metadata.tables[table].columns
        row = {c.name: _filled(c) for c in columns if c.server_default is None}
        row = {name: value for name, value in row.items() if value is not None}
        row |= {"mof_div_code": lab.CODE} if "mof_div_code" in row else {}
        names = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        insert = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608  # our tables
        with engine.begin() as connection:
            connection.execute(text(insert), row)


def _filled(column: Column[Any]) -> object:  # Any: its Python type
    """Return a value for a column: canaries for texts, the plainest else."""
    if isinstance(column.type, String):
        return canary()
    if column.nullable or column.identity is not None:
        return None
    return dt.date(2026, 3, 1) if isinstance(column.type, Date) else 202603


def plant(home: Engine) -> None:
    """Put canaries wherever a node keeps what is not the province's."""
    plant_reference(home)
    screen_canaries(home)


def screen_canaries(home: Engine) -> None:
    """Have payments screened that are hit, held and left undetermined."""
    catalogue = standard()
    node = ScreeningLab(
        home,
        EffectiveCatalogue(
            release=catalogue.version, catalogue=catalogue, rules=untuned(catalogue)
        ),
    )
    same = canary()
    decisions = node.screen(
        with_canaries(),
        with_canaries(pay_amt="20000000.00"),
        with_canaries(maker_code=same, checker_code=same, stage="voucher"),
    )
    assert "hold" in decisions
    assert node.count("hit") > 0


@pytest.fixture
def desk(province: lab.Province) -> Desk:
    """A hub that publishes releases; its root is pinned when a node enrols."""
    rollout_lab.make_hub_tables(province.url)
    desk = Desk(province)
    desk.found()
    return desk


@pytest.fixture
def node(home: Engine, folder: Path, desk: Desk) -> Iterator[Node]:
    """A node put together as production does, on the database with the canaries."""
    settings = Settings(
        mode="development",
        database_url=home.url.render_as_string(hide_password=False),
        data_dir=folder / "node",
    )
    node = build(settings, process="test", clock=desk.province.clock)
    yield node
    node.unit_of_work.engine.dispose()


def enrol(province: lab.Province, node: Node) -> Tap:
    """Make a node a member; return what was said on the way."""
    province.expect()
    applicant = Applicant(node.identity_folder, province.token())
    tap = Tap(applicant._channel)
    applicant._hub = EnrolmentServiceStub(cast("grpc.Channel", tap))
    applicant.apply()
    province.approve()
    applicant.collect()
    applicant.close()
    return tap


def say_everything(desk: Desk, node: Node) -> Tap:
    """Hand figures in, follow releases good and bad; return what was said."""
    with agent.channel_of(node) as channel:
        tap = Tap(channel)
        tapped = cast("grpc.Channel", tap)
        line = agent.uplink_of(node, tapped)
        line.greet()
        for serial, bundle in enumerate(RELEASES, 1):
            desk.publish(serial, bundle)
            desk.assign(serial, lab.CODE)
            agent.Adopting(node, tapped, line).run()
        assert line.record() > 0
        assert line.send() > 0
        line.pulse()
        desk.province.announce("catalogue")
        line.listen(50)
    return tap


def tables_of(url: str) -> bytes:
    """Return the contents of every table of a database."""
    engine, found = create_engine(url), bytearray()
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.copy_expert(_WHOLE.format(table), _Into(found))
    engine.dispose()
    return bytes(found)


class _Into:
    def __init__(self, found: bytearray) -> None:
        self.found = found

    def write(self, data: bytes) -> None:
        self.found += data


def test_a_canary_would_be_seen(home: Engine, folder: Path) -> None:
    plant(home)
    url = home.url.render_as_string(hide_password=False)

    assert sightings(tables_of(url))
    assert sightings(b"\\x" + f"7-{canary()}".encode().hex().encode())
    assert sightings(base64.b64encode(f"12{canary()}34".encode()))
    assert not sightings(str(folder).encode())


def methods() -> set[str]:
    """Return every call of the contract but the one no node makes yet."""
    files = [
        importlib.import_module(module.name).DESCRIPTOR
        for module in pkgutil.iter_modules(kuwei.v1.__path__, "kuwei.v1.")
        if module.name.endswith("_pb2")
    ]
    services = [one for file in files for one in file.services_by_name.values()]
    named = {method for one in services for method in one.methods_by_name}
    return named - {"GetAckState"}


def test_no_canary_is_seen_outside_its_node(
    desk: Desk,
    node: Node,
    home: Engine,
    folder: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    plant(home)
    taps = [enrol(desk.province, node), say_everything(desk, node)]

    assert version_in_force(node) == "2026.1.1"
    said = "".join(capfd.readouterr()).encode()
    messages = [one for tap in taps for one in tap.seen]
    kept = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    at_the_hub = tables_of(desk.province.url)
    assert set[str]().union(*(tap.called for tap in taps)) == methods()
    assert [mark for mark in TOLD if not any(mark in one for one in messages)] == []
    assert [mark for mark in TOLD if mark not in at_the_hub] == []
    for place in (at_the_hub, said, *messages, *kept):
        assert sightings(place) == []

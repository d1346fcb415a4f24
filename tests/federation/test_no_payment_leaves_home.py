"""Canaries in every payment field: none is ever seen outside the node's database.

What passes between node and hub is recorded where it is bytes and not yet, or no
longer, encrypted; then the hub's tables, files and both sides' words are searched.
"""

from __future__ import annotations

import base64
import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import embedded
import federation_lab as lab
import grpc
import pytest
from screening_lab import ScreeningLab, payment, standard
from sqlalchemy import Column, Date, Engine, String, create_engine, text

from kuwei_node import schema
from kuwei_node.uplink.adapters.hub import GrpcHub, open_channel
from kuwei_node.uplink.adapters.measures import ScreeningMeasures
from kuwei_node.uplink.service.recorder import Recorder
from kuwei_shared.db.base import NodeTable
from kuwei_shared.rules.compiler import untuned
from kuwei_shared.rules.vocabulary import Type
from kuwei_shared.screening.effective import EffectiveCatalogue

MARK = "KANARIENVOGEL"
# What a figure is counted by; everything else stays at home.
COUNTED_BY = {"stage", "entry_kind", "mof_div_code"}
# Places are public, and the hub knew them first.
PUBLIC = {"jurisdiction"}
_WHOLE = "COPY (SELECT * FROM {}) TO STDOUT"
NUMBERS = itertools.count()


class Tap:
    """A channel that keeps a copy of every message's bytes, either way."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self.seen: list[bytes] = []

    # Any: gRPC's own loosely typed call factory.
    def unary_unary(
        self,
        method: str,
        request_serializer: Callable[[Any], bytes],
        response_deserializer: Callable[[bytes], Any],
        **options: Any,  # noqa: ANN401  # see above
    ) -> Any:  # noqa: ANN401  # see above
        def sent(message: Any) -> bytes:  # noqa: ANN401  # see above
            self.seen.append(request_serializer(message))
            return self.seen[-1]

        def received(data: bytes) -> Any:  # noqa: ANN401  # see above
            self.seen.append(data)
            return response_deserializer(data)

        return self.channel.unary_unary(method, sent, received, **options)


@pytest.fixture
def home(postgres: embedded.Postgres) -> Iterator[Engine]:
    """Return a node's whole database."""
    engine = create_engine(postgres.create(f"canaries_{next(NUMBERS)}"))
    schema.metadata().create_all(engine)
    yield engine
    engine.dispose()


def canary() -> str:
    return f"{MARK}{next(NUMBERS):05d}"


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


def report(province: lab.Province, home: Engine, folder: Path) -> list[bytes]:
    """Enrol, say all there is to say, and return every message's bytes."""
    member = lab.Member(home, folder / "node", province.clock)
    member.recorder = Recorder(member.outbox, ScreeningMeasures())
    member.enrol(province)
    load = member.identity_folder.load
    tap = Tap(
        open_channel(
            f"localhost:{province.ports.members}",
            trust_pem=load("trust.pem"),
            key_pem=load("tls.key"),
            chain_pem=load("chain.pem"),
        )
    )
    line = member.line_over(GrpcHub(cast("grpc.Channel", tap), member.clock))
    line.greet()
    assert line.record() > 0
    assert line.send() > 0
    line.pulse()
    tap.channel.close()
    return tap.seen


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


def spellings() -> list[bytes]:
    """Return the mark as it may be written: plainly, in hex, in base64."""
    plain = MARK.encode()
    shifted = (base64.b64encode(b"x" * n + plain)[4:-4] for n in range(3))
    return [plain, plain.hex().encode(), plain.hex().upper().encode(), *shifted]


def sightings(place: bytes) -> list[bytes]:
    return [one for one in spellings() if one in place]


def test_a_canary_would_be_seen(home: Engine, folder: Path) -> None:
    plant_reference(home)
    screen_canaries(home)
    url = home.url.render_as_string(hide_password=False)

    assert sightings(tables_of(url))
    assert sightings(b"\\x" + f"7-{canary()}".encode().hex().encode())
    assert sightings(base64.b64encode(f"12{canary()}34".encode()))
    assert not sightings(str(folder).encode())


def test_no_canary_is_seen_outside_its_node(
    province: lab.Province,
    home: Engine,
    folder: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    plant_reference(home)
    screen_canaries(home)

    messages = report(province, home, folder)

    said = "".join(capfd.readouterr()).encode()
    kept = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    at_the_hub = tables_of(province.url)
    assert b"GX-U10" in at_the_hub
    assert any(b"GX-U10" in one for one in messages)
    for place in (at_the_hub, said, *messages, *kept):
        assert sightings(place) == []

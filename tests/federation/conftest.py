"""A province and one enrolled node, over loopback."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import embedded
import federation_lab as lab
import pytest
from pace import await_threads
from sqlalchemy import Engine, create_engine

from kuwei_hub.grpc_server import Ports

NUMBERS = itertools.count()


@pytest.fixture(autouse=True)
def _unhurried() -> Iterator[None]:
    with lab.unhurried():
        yield


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="kuwei-fed-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def province(postgres: embedded.Postgres, folder: Path) -> Iterator[lab.Province]:
    url = postgres.create(f"fed_hub_{next(NUMBERS)}")
    lab.make_hub_tables(url)
    ports = Ports(members=embedded.free_port(), applicants=embedded.free_port())
    province = lab.Province(url, folder / "hub", ports)
    province.start()
    yield province
    province.stop()


@pytest.fixture
def engines(postgres: embedded.Postgres) -> Iterator[Callable[[], Engine]]:
    made: list[Engine] = []

    def make() -> Engine:
        made.append(create_engine(postgres.create(f"fed_node_{next(NUMBERS)}")))
        lab.make_node_tables(made[-1])
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()


@pytest.fixture
def applicant(
    province: lab.Province, engines: Callable[[], Engine], folder: Path
) -> lab.Member:
    return lab.Member(engines(), folder / "node", province.clock)


@pytest.fixture
def member(province: lab.Province, applicant: lab.Member) -> Iterator[lab.Member]:
    applicant.enrol(province)
    applicant.dial(province)
    yield applicant
    await_threads("uplink-listen")
    applicant.hang_up()

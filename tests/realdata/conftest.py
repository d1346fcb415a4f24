"""Real files through whole nodes: one province with a hub, and books without one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import embedded
import federation_lab
import province_lab
import pytest
import treasury_lab as lab
from sqlalchemy import create_engine, text

from kuwei_hub.grpc_server import Ports
from kuwei_hub.schema import metadata as hub_tables

NewDatabase = Callable[[str], str]


@pytest.fixture(autouse=True, scope="module")
def _unhurried() -> Iterator[None]:
    with federation_lab.unhurried():
        yield


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="kuwei-real-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def new_database(
    postgres: embedded.Postgres, request: pytest.FixtureRequest
) -> NewDatabase:
    """Make a node's database from a template: the tables are made once."""
    prefix = f"real_{Path(request.node.nodeid).stem}"
    template = f"{prefix}_template"
    lab.make_node_database(postgres.create(template))

    def make(name: str) -> str:
        admin = create_engine(postgres.url(), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(
                text(f"CREATE DATABASE {prefix}_{name} TEMPLATE {template}")
            )
        admin.dispose()
        return postgres.url(f"{prefix}_{name}")

    return make


@pytest.fixture(scope="module")
def province(
    postgres: embedded.Postgres, folder: Path
) -> Iterator[federation_lab.Province]:
    hub_tables()
    url = postgres.create("real_hub")
    federation_lab.make_hub_tables(url)
    ports = Ports(members=embedded.free_port(), applicants=embedded.free_port())
    made = federation_lab.Province(url, folder / "hub", ports)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def bureaus(
    province: federation_lab.Province, folder: Path, new_database: NewDatabase
) -> Iterator[dict[str, lab.Bureau]]:
    """A treasury's books at home in six nodes, and their figures at the hub."""
    province_lab.publish(province.hub, list(lab.BUREAUS))
    made = {
        code: lab.Bureau(code, new_database(f"n{code}"), folder / code, province.clock)
        for code in lab.BUREAUS
    }
    for bureau in made.values():
        bureau.enrol(province)
        bureau.adopt()
        bureau.load_reference()
    # Two at a time: one works here while the other's database works.
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lab.Bureau.work, made.values()))
    yield made
    for bureau in made.values():
        bureau.close()


@pytest.fixture(scope="module")
def books(
    folder: Path, new_database: NewDatabase
) -> Iterator[Callable[[str], lab.Books]]:
    """Make books of a county with the standard catalogue in force, without a hub."""
    made: list[lab.Books] = []

    def make(name: str) -> lab.Books:
        one = lab.Books("450102000", new_database(name), folder / name)
        one.put_in_force()
        one.load_reference()
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()

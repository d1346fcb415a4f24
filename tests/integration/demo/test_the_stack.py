"""The demo's own stages and programs, for one county, from nothing to the end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import embedded
import founding
import httpx
import pytest
import serving
import stages
import steps
import web_lab
import year
from notebook import Notebook
from pace import PATIENCE_S
from places import PLACES, TOWNSHIPS
from ports import Ports
from processes import Supervisor, born_at, listens
from sqlalchemy import create_engine
from state import Stack

from kuwei_shared.db import migrate

pytestmark = pytest.mark.integration

COUNTY = next(place for place in PLACES if place.code == "450102000")


@dataclass(frozen=True)
class Demo:
    """A demo after its last stage."""

    stack: Stack
    report: stages.Report


def one_county(folder: Path) -> Stack:
    return Stack(
        folder=folder,
        payments=600,
        seed=7,
        ports=Ports.chosen(lambda port: not embedded.reserve(port)),
        supervisor=Supervisor(folder),
        notebook=Notebook(folder / "notebook.json"),
        places=(COUNTY,),
    )


@contextlib.contextmanager
def stack_of(prefix: str) -> Iterator[Stack]:
    """Give a demo in a folder of its own, stopped and removed at the end."""
    folder = embedded.scratch(prefix)
    stack = one_county(folder)
    try:
        yield stack
    finally:
        stack.stop()
        embedded.discard(folder)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with (
        pytest.MonkeyPatch.context() as patch,
        stack_of("kuwei-demo-") as stack,
    ):
        for limit in ("ADOPT_S", "ARRIVE_S"):
            patch.setattr(year, limit, PATIENCE_S)
        yield Demo(stack, stages.run(steps.STAGES, stack))


def test_every_stage_comes_to_its_end(demo: Demo) -> None:
    said = demo.report.table()

    assert not demo.report.failed, said
    assert [row[1] for row in demo.report.rows] == ["完成"] * len(steps.STAGES)


def test_every_program_runs_and_is_remembered(demo: Demo) -> None:
    running = {service.name for service in demo.stack.supervisor.services}

    demo.stack.supervisor.require_alive()
    county = {f"{COUNTY.code}-{part}" for part in ("web", *serving.PARTS)}
    assert running == {"issuer", "hub-web", "hub-grpc", *county}
    record = (demo.stack.folder / "processes.json").read_text()
    for service in demo.stack.supervisor.services:
        assert f'"{service.process.pid}": "{born_at(service.process.pid)}"' in record


def test_tables_are_at_the_newest_revision(demo: Demo) -> None:
    for package, database in (("kuwei_hub", "hub"), ("kuwei_node", COUNTY.database)):
        engine = create_engine(demo.stack.address(database))
        assert migrate.current(engine) == migrate.newest(package)
        engine.dispose()


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (founding.tables, "库表已是最新"),
        (founding.authority, "证书、签名密钥与区划表已在"),
        (founding.membership, "1 个节点已入网,本次 0 个"),
        (founding.catalogue, "已发布"),
        (year.reference, "1 个节点,本次 0 个"),
        (year.payments, "本次 0 条"),
    ],
)
def test_what_was_done_is_not_done_again(
    demo: Demo, stage: Callable[[Stack], str], said: str
) -> None:
    assert said in stage(demo.stack)


def test_the_hub_knows_every_jurisdiction_and_the_one_member(demo: Demo) -> None:
    known = demo.stack.ask("hub", "SELECT count(*) FROM jurisdiction")
    member = demo.stack.ask("hub", "SELECT mof_div_code FROM fleet_node")

    assert int(known) == len(PLACES) + len(TOWNSHIPS)
    assert member == COUNTY.code


def test_a_person_signs_in_at_the_node_and_at_the_hub(demo: Demo) -> None:
    ports = demo.stack.ports
    for port, account in (
        (ports.nodes[COUNTY.code], "450102-monitor"),
        (ports.hub_web, "province-leader"),
    ):
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"accept": "text/html"},
            follow_redirects=True,
            trust_env=False,
            timeout=PATIENCE_S,
        ) as browser:
            page = web_lab.sign_in(browser, account, back="/")
        assert page.status_code == 200
        assert "退出" in page.text


def test_the_table_at_the_end_holds_what_was_streamed(demo: Demo) -> None:
    streamed = demo.stack.notebook.get(f"streamed {COUNTY.code}")

    [row] = [one for one in demo.stack.closing.splitlines() if COUNTY.code in one]
    cells = row.split()

    assert int(str(streamed)) > 0
    assert cells[2] == cells[-1] == streamed


def test_the_welcome_names_every_address_that_answers(demo: Demo) -> None:
    text = steps.welcome(demo.stack)

    for port in (demo.stack.ports.hub_web, demo.stack.ports.nodes[COUNTY.code]):
        assert f"http://127.0.0.1:{port}/" in text
        assert listens(port)


def test_stopping_ends_programs_and_servers_and_keeps_the_data() -> None:
    with stack_of("kuwei-demo-short-") as stack:
        founding.servers(stack)
        stack.run("verb", "kuwei-hub", "migrate", env=stack.hub())
        serving.issuer(stack)
        ports = stack.ports
        were = listens(ports.redis), listens(ports.issuer)

        stack.stop()

        assert were == (True, True)
        assert not listens(ports.redis)
        assert not listens(ports.issuer)
        assert (stack.folder / "postgres" / "PG_VERSION").exists()

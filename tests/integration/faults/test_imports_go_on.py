"""A worker killed in the middle of an import leaves it to the next one at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import embedded
import pytest
from pace import PATIENCE_S
from process_lab import NodeProcesses, furnish, node_processes
from screening_lab import COUNTY
from sqlalchemy import Engine, create_engine, text

from kuwei_node import bootstrap
from kuwei_node.intake.adapters import files
from kuwei_node.intake.store import orders
from kuwei_node.intake.tasks import GROUP_ROWS
from kuwei_node.settings import Settings
from kuwei_shared.kernel.clock import SystemClock

pytestmark = pytest.mark.integration

ROWS = 4 * GROUP_ROWS
WAIT = threading.Event().wait
HEAD = (
    "payment_id,stage,entry_kind,mof_div_code,fiscal_year,vou_date,agency_code,"
    "payee_acct_no,use_des,pay_amt"
)


@dataclass
class Site:
    """A node whose worker a test may kill, and its database."""

    node: NodeProcesses
    engine: Engine

    def order(self, path: Path) -> None:
        """Order the import of a file, as the page does."""
        built = bootstrap.build(
            Settings.model_validate(
                {
                    "mode": "development",
                    "database_url": self.node.environment["KUWEI_DATABASE_URL"],
                    "data_dir": path.parent,
                }
            ),
            process="test",
        )
        with built.unit_of_work.begin() as session:
            number = built.intake.start_import(
                session,
                profile="standard",
                files=[files.hand_in(path)],
                divisions=[COUNTY],
                by="数据管理岗",
            )
            orders.add(session, number, SystemClock().now())
        built.unit_of_work.engine.dispose()

    def ask(self, sql: str) -> object:
        with self.engine.connect() as connection:
            return connection.execute(text(sql)).scalar()

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        limit = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < limit, self.log()
            WAIT(0.05)

    def log(self) -> str:
        return (self.node.folder / "worker.log").read_text()[-2000:]


@pytest.fixture
def site(postgres: embedded.Postgres) -> Iterator[Site]:
    folder = embedded.scratch("kuwei-import-")
    redis = embedded.redis(folder / "redis", embedded.free_port())
    url = postgres.create("killed_import")
    furnish(url)
    engine = create_engine(url)
    with node_processes(url, folder, REDIS_URL=redis.url) as node:
        node.start("worker")
        yield Site(node, engine)
    engine.dispose()
    redis.stop()
    embedded.discard(folder)


def written(folder: Path) -> Path:
    """Write a file that takes a worker several groups."""
    rows = (
        f"K{n},voucher,normal,{COUNTY},2026,2026-03-{n % 28 + 1:02d},"
        f"{100 + n % 40}001,6222{n % 90},办公用品,{n % 900 + 1}.00"
        for n in range(ROWS)
    )
    path = folder / "支付.csv"
    path.write_text("\n".join([HEAD, *rows]), "utf-8")
    return path


def test_an_import_whose_worker_was_killed_goes_on_at_once(
    site: Site, tmp_path: Path
) -> None:
    site.order(written(tmp_path))
    site.wait_until(lambda: site.ask("SELECT count(*) FROM intake_batch") != 0)

    site.node.kill("worker")
    before = site.ask("SELECT count(*) FROM payment")
    site.node.start("worker")
    site.wait_until(lambda: site.ask("SELECT max(attempt) FROM intake_order") == 2)
    site.wait_until(lambda: site.ask("SELECT state FROM intake_import") == "done")

    assert isinstance(before, int)
    assert 0 < before < ROWS
    assert site.ask("SELECT count(*) FROM payment") == ROWS
    assert site.ask("SELECT count(DISTINCT payment_id) FROM payment") == ROWS
    assert site.ask("SELECT count(*) FROM screening") == ROWS

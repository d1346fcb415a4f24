"""Canaries through every process of a node, on good days and bad: none is logged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import catalogue_lab
import embedded
import federation_lab as lab
import pytest
import rollout_lab
from canary_lab import canary, sightings
from pace import wait_until
from payment_api_lab import ordinary
from process_lab import NodeProcesses, furnish, node_processes
from rollout_lab import Desk
from sqlalchemy import text

from kuwei_node.bootstrap import Node, build
from kuwei_node.intake.adapters import files
from kuwei_node.intake.store import orders
from kuwei_node.settings import Settings
from kuwei_node.uplink.adapters.enrolment import Applicant
from kuwei_shared.releases.adoption import AdoptionState

pytestmark = [pytest.mark.federation, pytest.mark.integration]

VERBS = ("web", "worker", "uplink")
# Whatever a table refuses, PostgreSQL repeats in its message.
REFUSE = "ALTER TABLE {} ADD CHECK (use_des NOT LIKE 'KANARIENVOGEL%') NOT VALID"
HEAD = (
    "payment_id,stage,entry_kind,mof_div_code,fiscal_year,vou_date,agency_code,"
    "payee_acct_no,use_des,pay_amt"
)


@dataclass
class Site:
    """A node whose processes all run, and the province above it."""

    desk: Desk
    node: Node
    processes: NodeProcesses

    def run(self, statement: str) -> None:
        with self.node.unit_of_work.begin() as session:
            session.execute(text(statement))

    def ask(self, question: str) -> object:
        with self.node.unit_of_work.begin() as session:
            return session.execute(text(question)).scalar()

    def post(self, **body: object) -> int:
        """Post to the interface for payments; return the status."""
        with self.processes.client() as line:
            return line.post("/v1/payments:screen", **body).status_code  # type: ignore[arg-type]  # httpx's own

    def order(self, *rows: str) -> None:
        """Order the import of a file, as the page does."""
        path = self.processes.folder / f"{canary()}.csv"
        path.write_text("\n".join([HEAD, *rows]), "utf-8")
        with self.node.unit_of_work.begin() as session:
            number = self.node.intake.start_import(
                session,
                profile="standard",
                files=[files.hand_in(path)],
                divisions=[lab.CODE],
                by="数据管理岗",
            )
            orders.add(session, number, self.node.clock.now())

    def said(self, verb: str) -> bytes:
        return (self.processes.folder / f"{verb}.log").read_bytes()


def enrol(province: lab.Province, node: Node) -> None:
    province.expect()
    applicant = Applicant(node.identity_folder, province.token())
    applicant.apply()
    province.approve()
    applicant.collect()
    applicant.close()


@pytest.fixture
def site(
    postgres: embedded.Postgres, province: lab.Province, folder: Path
) -> Iterator[Site]:
    rollout_lab.make_hub_tables(province.url)
    desk, data = Desk(province), folder / "data"
    desk.found()
    data.mkdir()
    redis = embedded.redis(folder / "redis", embedded.free_port())
    url = postgres.create(f"logs_{province.ports.members}")
    furnish(url)
    settings = Settings(mode="development", database_url=url, data_dir=data)
    node = build(settings, process="test")
    enrol(province, node)
    with node_processes(url, data, REDIS_URL=redis.url, SEND_EVERY_S="1") as processes:
        made = Site(desk, node, processes)
        made.run("TRUNCATE adoption_outbox, adoption_head")  # signed by nobody here
        for verb in VERBS:
            processes.start(verb)
        processes.wait_ready()
        yield made
    node.unit_of_work.engine.dispose()
    redis.stop()


def marked(**changes: object) -> dict[str, object]:
    """Return a payment whose free texts are canaries."""
    names = ("payment_id", "payee_acct_no", "payee_acct_name", "use_des", "pay_app_no")
    return ordinary(canary()) | {name: canary() for name in names} | changes


def row(amount: str) -> str:
    return (
        f"{canary()},voucher,normal,{lab.CODE},2026,2026-03-02,101001,"
        f"{canary()},{canary()},{amount}"
    )


def on_a_good_day(site: Site) -> list[int]:
    """Screen, import, refuse what is malformed; return the interface's answers."""
    site.order(row("12.00"), row(canary()))
    wait_until(lambda: site.ask("SELECT count(*) FROM payment") == 1, "it is imported")
    return [
        site.post(json={"payments": [marked()]}),
        site.post(json={"payments": [marked(pay_amt=canary())]}),
        site.post(content=f"{{{canary()}".encode()),
        site.post(params={"words": canary()}, json={}),
    ]


def on_a_bad_day(site: Site) -> list[int]:
    """Let the database refuse every payment, and a release fail."""
    site.run(REFUSE.format("payment"))
    site.order(row("13.00"))
    wait_until(lambda: b"task_failed" in site.said("worker"), "the import fails")
    for serial, bundle in ((1, catalogue_lab.packed()), (2, b"not a bundle")):
        site.desk.publish(serial, bundle)
    site.desk.assign(2, lab.CODE)
    site.desk.province.look()
    wait_until(lambda: failed(site), "the release fails")
    return [site.post(json={"payments": [marked()]})]


def failed(site: Site) -> bool:
    return site.desk.standing()[lab.CODE].state is AdoptionState.FAILED


def test_no_process_of_a_node_logs_a_payment(site: Site) -> None:
    good = on_a_good_day(site)
    bad = on_a_bad_day(site)

    logs = {verb: site.said(verb) for verb in VERBS}
    kept = site.ask("SELECT count(*) FROM payment WHERE use_des LIKE 'KANARIEN%'")
    assert (good[0], bad) == (200, [500])
    assert 200 not in good[1:]
    assert kept == 2
    assert b"web.bug" in logs["web"]
    assert b"release_refused" in logs["uplink"]
    assert [verb for verb, log in logs.items() if sightings(log)] == []

"""A county's node being served on loopback, with the standard catalogue in force."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import embedded
import httpx
import node_lab
import screening_lab
import web_lab
from pace import PATIENCE_S, UNHURRIED, working_day
from sqlalchemy import text

from kuwei_node import app as node_app
from kuwei_node import schema
from kuwei_node.bootstrap import Node, build
from kuwei_node.intake.tasks import run_ordered
from kuwei_node.schedule.tasks import sweep
from kuwei_node.settings import Settings
from kuwei_node.uplink.domain import Identity
from kuwei_shared.catalogue import bundle
from kuwei_shared.db.engine import connect
from kuwei_shared.kernel.clock import Clock

COUNTY = screening_lab.COUNTY
MONITOR, REVIEWER = "450102-monitor", "450102-reviewer"
STEWARD, DRAFTER = "450102-data-steward", "450102-rule-drafter"
AUDITOR, STRANGER = "450102-auditor", "450303-reviewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSite:
    """A node being served, and how to sign in to it."""

    node: Node
    url: str

    @contextlib.contextmanager
    def signed_in(self, username: str) -> Iterator[httpx.Client]:
        """Give a browser signed in as a demo account."""
        with httpx.Client(
            base_url=self.url,
            headers={"accept": "text/html"},
            follow_redirects=True,
            trust_env=False,
            timeout=PATIENCE_S,
        ) as browser:
            web_lab.sign_in(browser, username, back="/")
            yield browser

    def screen(self, *rows: dict[str, Any]) -> list[str]:  # Any: payment fields
        """Screen payments as a payment system would; return the decisions."""
        with self.node.unit_of_work.begin() as session:
            return [one.decision for one in self.node.screening.screen(session, rows)]

    def trip(self, rule_id: str) -> None:
        """Trip a rule's brake as a runaway would."""
        with self.node.unit_of_work.begin() as session:
            session.execute(
                text(
                    "INSERT INTO brake_trip (rule_id, release, tripped_at,"
                    " stopped_count, window_count) VALUES (:r, '2026.1.1', now(),"
                    " 400, 500)"
                ),
                {"r": rule_id},
            )
            self.node.catalogues.moved(session)

    def alert(self, rule_id: str, agency_code: str, day: dt.date) -> None:
        """Leave an alert of a rule that runs by the calendar."""
        with self.node.unit_of_work.begin() as session:
            session.execute(
                text(
                    "INSERT INTO alert (rule_id, mof_div_code, subject, subject_key,"
                    " window_start, first_day, severity, agency_code, hit_count,"
                    " hit_amount, compiled_id, raised_at, last_at) SELECT :rule, :home,"
                    " 'agency', :unit, :day, :day, 'yellow', :unit, 1, 0, min(id),"
                    " now(), now() FROM compiled_catalogue"
                ),
                {"rule": rule_id, "home": COUNTY, "unit": agency_code, "day": day},
            )

    def sweep(self) -> int:
        """Run what is due, as a worker does."""
        return sweep(self.node.unit_of_work, self.node.scheduler)

    def run_imports(self) -> int:
        """Run what was handed in through the page, as a worker does."""
        node = self.node
        return run_ordered(node.unit_of_work, node.intake, node.uploads)

    def seq_of(self, payment_id: str) -> int:
        """Return the sequence number of a payment already screened."""
        with self.node.unit_of_work.begin() as session:
            found = self.node.ledger.lock_and_look(session, [held_payment(payment_id)])
        return found.known[0].seq


def held_payment(payment_id: str, **changes: object) -> dict[str, Any]:
    """Return a payment GX-U14 holds: one person made and checked it."""
    plain = {
        "maker_code": "u2081",
        "checker_code": "u2081",
        "agency_name": "兴宁区教育局",
        "payee_acct_name": "南宁市百货有限公司",
        "stage": "voucher",
    }
    return screening_lab.payment(payment_id, **(plain | changes))


@contextlib.contextmanager
def served_node(
    database_url: str, folder: Path, clock: Clock | None = None
) -> Iterator[NodeSite]:
    """Serve a node and its issuer over a database whose tables exist."""
    time = clock or working_day()
    port, issuer_port = embedded.free_port(), embedded.free_port()
    url, issuer_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{issuer_port}"
    issuer = web_lab.issuer(web_lab.realm(url), issuer_url, time)
    given = {"web_url": url, "issuer": issuer_url}
    with (
        web_lab.served(issuer, issuer_port),
        trusting_node(database_url, folder, time, **given) as site,
    ):
        yield site


@contextlib.contextmanager
def trusting_node(
    database_url: str, folder: Path, clock: Clock, **given: str
) -> Iterator[NodeSite]:
    """Serve a node at the address of its settings, trusting the issuer they name."""
    plain: dict[str, Any] = {  # Any: what pydantic checks
        "mode": "development",
        "database_url": database_url,
        "data_dir": folder,
        "place": "兴宁区财政局",
        "web_client_id": "node-web",
        "web_client_secret": "node-web-demo-only",
        "session_secrets": (web_lab.SECRET,),
    }
    settings = Settings(**(plain | given))
    node = build(settings, process="test", clock=clock)
    node.identity_folder.write(
        Identity(
            node_code=COUNTY,
            identity=f"spiffe://kuwei/node/{COUNTY}",
            epoch=1,
            grpc_address="127.0.0.1:1",
            hub_key=bytes(32),
        )
    )
    port = urlsplit(settings.web_url).port or 0
    with web_lab.served(node_app.create(node), port):
        yield NodeSite(node=node, url=settings.web_url)
    node.unit_of_work.engine.dispose()


@contextlib.contextmanager
def county_site(
    postgres: embedded.Postgres, database: str, folder: Path
) -> Iterator[NodeSite]:
    """Serve a node on a fresh database, the standard catalogue in force."""
    with served_node(county_database(postgres, database), folder) as found:
        yield found


def county_database(postgres: embedded.Postgres, database: str) -> str:
    """Create a node's database, the standard catalogue in force; return its address."""
    url = postgres.create(database)
    engine = connect(url, UNHURRIED, application="test")
    schema.metadata().create_all(engine)
    node_lab.NodeLab(engine).put_in_force(bundle.pack(screening_lab.CATALOGUE))
    engine.dispose()
    return url

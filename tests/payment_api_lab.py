"""A served node with the standard catalogue in force, for callers of its interface."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import embedded
import httpx
import web_lab
from node_lab import NodeLab
from sqlalchemy import create_engine, text

from kuwei_node import app as node_app
from kuwei_node import schema
from kuwei_node.bootstrap import Node, build
from kuwei_node.settings import Settings
from kuwei_shared.catalogue import bundle
from kuwei_shared.catalogue.loading import load
from kuwei_shared.kernel.clock import SystemClock

CATALOGUE = Path(__file__).parents[1] / "rules-catalog"
COUNTY = "450102000"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSite:
    """A node being served, and the token of its payment system."""

    node: Node
    url: str
    token: str

    def client(self, token: str | None = None) -> httpx.Client:
        """Return a caller with the payment system's token, or another."""
        return httpx.Client(
            base_url=self.url,
            headers={"authorization": f"Bearer {token or self.token}"},
            trust_env=False,
            timeout=30,
        )

    def screen(self, *rows: dict[str, Any]) -> httpx.Response:  # Any: payment fields
        """Post payments."""
        with self.client() as client:
            return client.post("/v1/payments:screen", json={"payments": rows})


def ordinary(payment_id: str, **changes: object) -> dict[str, Any]:
    """Return the catalogue's own ordinary payment under another id."""
    catalogue = load(CATALOGUE)
    given = {
        name: str(value)
        for name, value in catalogue.base_example.items()
        if value is not None and name in catalogue.vocabulary.payment
    }
    own = {"payment_id": payment_id, "mof_div_code": COUNTY, "pay_amt": "200.00"}
    return given | own | changes


@contextlib.contextmanager
def payment_site(
    postgres: embedded.Postgres, database: str, folder: Path
) -> Iterator[PaymentSite]:
    """Serve a node on a database of its own."""
    url = postgres.create(database)
    engine = create_engine(url)
    schema.metadata().create_all(engine)
    NodeLab(engine).put_in_force(bundle.pack(CATALOGUE))
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO jurisdiction (mof_div_code, mof_div_name, level)"
                " VALUES (:code, '兴宁区', 'county')"
            ),
            {"code": COUNTY},
        )
    engine.dispose()
    clock = SystemClock()
    port, issuer_port = embedded.free_port(), embedded.free_port()
    address, issuer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{issuer_port}"
    settings = Settings(
        mode="development",
        database_url=url,
        data_dir=folder,
        web_url=address,
        issuer=issuer,
        web_client_id="node-web",
        web_client_secret="node-web-demo-only",
        session_secrets=(web_lab.SECRET,),
    )
    node = build(settings, process="test", clock=clock)
    realm = web_lab.realm(address)
    with (
        web_lab.served(web_lab.issuer(realm, issuer, clock), issuer_port),
        web_lab.served(node_app.create(node), port),
    ):
        yield PaymentSite(node=node, url=address, token=_token(issuer))
    node.unit_of_work.engine.dispose()


def _token(issuer: str) -> str:
    found = httpx.get(f"{issuer}/.well-known/openid-configuration", trust_env=False)
    answer = httpx.post(
        found.json()["token_endpoint"],
        data={
            "grant_type": "client_credentials",
            "client_id": "payment-system",
            "client_secret": "payment-system-demo-only",
        },
        trust_env=False,
    )
    return str(answer.json()["access_token"])

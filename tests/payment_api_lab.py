"""A served node with the standard catalogue in force, for callers of its interface."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import embedded
import httpx
import node_site_lab
from pace import PATIENCE_S
from screening_lab import CATALOGUE, COUNTY
from sqlalchemy import text

from kuwei_node.bootstrap import Node
from kuwei_shared.catalogue.loading import load

MACHINE = ("payment-system", "payment-system-demo-only")


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
            timeout=PATIENCE_S,
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
    with node_site_lab.county_site(postgres, database, folder) as site:
        know_the_county(site.node)
        token = machine_token(site.node.settings.issuer)
        yield PaymentSite(node=site.node, url=site.url, token=token)


def know_the_county(node: Node) -> None:
    """Tell a node its own jurisdiction."""
    with node.unit_of_work.begin() as session:
        session.execute(
            text(
                "INSERT INTO jurisdiction (mof_div_code, mof_div_name, level)"
                " VALUES (:code, '兴宁区', 'county')"
            ),
            {"code": COUNTY},
        )


def machine_token(issuer: str, client: tuple[str, str] = MACHINE) -> str:
    """Return a payment system's access token."""
    address = f"{issuer}/.well-known/openid-configuration"
    found = httpx.get(address, trust_env=False, timeout=PATIENCE_S)
    answer = httpx.post(
        found.json()["token_endpoint"],
        data={
            "grant_type": "client_credentials",
            "client_id": client[0],
            "client_secret": client[1],
        },
        trust_env=False,
        timeout=PATIENCE_S,
    )
    return str(answer.raise_for_status().json()["access_token"])

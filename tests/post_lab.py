"""A bureau's node behind both walls, and browsers of any post without a login page."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import embedded
import httpx
import node_lab
import screening_lab
import web_lab
from node_site_lab import COUNTY, NodeSite
from pace import PATIENCE_S, UNHURRIED, working_day
from sqlalchemy import Engine, text

from kuwei_node import app as node_app
from kuwei_node import schema
from kuwei_node.bootstrap import Node, build
from kuwei_node.settings import Settings
from kuwei_node.uplink.domain import Identity
from kuwei_shared.catalogue import bundle
from kuwei_shared.db import row_security
from kuwei_shared.db.engine import connect
from kuwei_shared.db.migrate import standing_ddl
from kuwei_shared.identity.permissions import GRANTS, Permission
from kuwei_shared.identity.principal import Principal, Subject
from kuwei_shared.identity.roles import TITLES, Role
from kuwei_shared.identity.scope import of_jurisdictions
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.ops import logs
from kuwei_shared.web.assembly import session_codec

COOKIE = "kuwei-node-main"
ELSEWHERE = "450303000"
TOWNSHIP = "450102101"
REASON = "已向单位电话核实"
# Made once: a client of its own reads every certificate of the machine.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def able(permission: Permission) -> list[Role]:
    """Return the posts that may do something, in a fixed order."""
    return sorted(GRANTS[permission])


def unable(permission: Permission) -> list[Role]:
    """Return the posts that may not."""
    return sorted(set(Role) - GRANTS[permission])


@dataclass(frozen=True, slots=True, kw_only=True)
class Office(NodeSite):
    """A node whose every request runs as the role that owns nothing."""

    @contextlib.contextmanager
    def post(self, role: Role, code: str = COUNTY) -> Iterator[httpx.Client]:
        """Give a browser with the session a login gives, and its form token."""
        who = Principal(
            subject=Subject(f"{code}-{role.value}"),
            name=TITLES[role],
            roles=frozenset({role}),
            jurisdictions=(f"{code}/*",),
        )
        codec = session_codec(self.node.settings, self.node.clock)
        session = codec.open(who)
        with httpx.Client(
            base_url=self.url,
            headers={"accept": "text/html", "x-csrf-token": session.csrf},
            cookies={COOKIE: codec.write(session)},
            follow_redirects=True,
            trust_env=False,
            verify=_NO_TLS,
            timeout=PATIENCE_S,
        ) as browser:
            yield browser

    def read(self, path: str, role: Role, code: str = COUNTY) -> httpx.Response:
        """Open one page as a post."""
        with self.post(role, code) as browser:
            return browser.get(path)

    def arrive(self, *rows: dict[str, Any]) -> list[str]:  # Any: payment fields
        """Screen payments inside the walls, as the payment interface does."""
        inside = of_jurisdictions([COUNTY, TOWNSHIP])
        with self.node.unit_of_work.begin(inside) as session:
            return [one.decision for one in self.node.screening.screen(session, rows)]


def put_in_force(engine: Engine) -> None:
    """Put the standard catalogue in force."""
    node_lab.NodeLab(engine).put_in_force(bundle.pack(screening_lab.CATALOGUE))


def tables(url: str) -> Engine:
    """Lay a node's tables with its walls, as a migration does."""
    engine = connect(url, UNHURRIED, application="test")
    metadata = schema.metadata()
    metadata.create_all(engine)
    placed = text(
        "INSERT INTO jurisdiction (mof_div_code, mof_div_name, level, fiscal_parent)"
        " VALUES (:county, '兴宁区', 'county', NULL),"
        " (:township, '三塘镇', 'township', :county)"
    )
    with engine.begin() as connection:
        walls = [*standing_ddl(metadata, connection)]
        for statement in [*walls, *row_security.role_ddl(web_lab.ROLE)]:
            connection.exec_driver_sql(statement)
        connection.execute(placed, {"county": COUNTY, "township": TOWNSHIP})
    return engine


@contextlib.contextmanager
def office(url: str, folder: Path, clock: Clock | None = None) -> Iterator[Office]:
    """Serve a node over tables that exist; its login page answers nobody."""
    logs.configure("kuwei-node test")
    port = embedded.free_port()
    address = f"http://127.0.0.1:{port}"
    settings = Settings(
        mode="development",
        database_url=url,
        data_dir=folder,
        database_role=web_lab.ROLE,
        web_url=address,
        issuer="http://127.0.0.1:1",
        place="兴宁区财政局",
        web_client_id="node-web",
        web_client_secret="node-web-demo-only",
        session_secrets=(web_lab.SECRET,),
    )
    node = build(settings, process="test", clock=clock or working_day())
    _enrolled(node)
    with web_lab.served(node_app.create(node), port):
        yield Office(node=node, url=address)
    node.unit_of_work.engine.dispose()


def _enrolled(node: Node) -> None:
    node.identity_folder.write(
        Identity(
            node_code=COUNTY,
            identity=f"spiffe://kuwei/node/{COUNTY}",
            epoch=1,
            grpc_address="127.0.0.1:1",
            hub_key=bytes(32),
        )
    )

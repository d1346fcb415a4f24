"""Releases over loopback: the federation's province and members, with catalogues."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import catalogue_lab
import federation_lab
import grpc
from node_lab import TABLES
from pace import PATIENCE_S
from release_lab import APPROVER, AUTHOR, HOLDERS
from sqlalchemy import Engine, create_engine

from kuwei_hub.distribution import models as distribution
from kuwei_hub.distribution.domain import Publication, RolloutRow
from kuwei_node.agent import FolderSigner
from kuwei_node.bootstrap import Node
from kuwei_node.catalogue.adapters import GrpcReporter, grpc_fetcher
from kuwei_node.catalogue.service.adoption import Adoption
from kuwei_node.catalogue.service.catalogues import Catalogues
from kuwei_node.catalogue.tasks import AdoptionTask
from kuwei_shared.db.base import HubTable, NodeTable
from kuwei_shared.identity.scope import of_service
from kuwei_shared.kernel.pages import PageRequest
from kuwei_shared.releases.client import ReleaseClient

HUB_ROWS = (
    distribution.ReleaseFile,
    distribution.Release,
    distribution.ReleaseAssignment,
    distribution.Adoption,
    distribution.AdoptionReportRow,
)


def make_hub_tables(url: str) -> None:
    tables = [HubTable.metadata.tables[row.__tablename__] for row in HUB_ROWS]
    engine = create_engine(url)
    HubTable.metadata.create_all(engine, tables=tables)
    engine.dispose()


def make_node_tables(engine: Engine) -> None:
    NodeTable.metadata.create_all(engine, tables=TABLES)


def version_in_force(node: Node) -> str | None:
    """Return the release a node that was put together as a whole screens by."""
    with node.unit_of_work.begin() as session:
        active = node.catalogues.status(session).active
    return None if active is None else active.version


@dataclass
class Desk:
    """The province's hand on releases, beside its running server."""

    province: federation_lab.Province

    def found(self) -> None:
        hub = self.province.hub
        hub.keys.create(HOLDERS)
        with hub.unit_of_work.begin() as session:
            hub.library.found(session, hub.keys)

    def publish(self, serial: int, bundle: bytes | None = None) -> None:
        """Publish as is: a bad bundle shall reach the nodes in these tests."""
        hub = self.province.hub
        publication = Publication(
            version=f"2026.1.{serial}",
            bundle=catalogue_lab.packed() if bundle is None else bundle,
            rule_count=1,
            author=AUTHOR,
            approver=APPROVER,
        )
        with hub.unit_of_work.begin() as session:
            hub.library.publish(session, publication, hub.keys)

    def assign(self, serial: int, *codes: str) -> None:
        hub = self.province.hub
        with hub.unit_of_work.begin() as session:
            hub.library.assign(session, f"2026.1.{serial}", codes, by=AUTHOR)

    def pause(self, *codes: str) -> None:
        hub = self.province.hub
        with hub.unit_of_work.begin() as session:
            hub.library.pause(session, codes)

    def standing(self) -> dict[str, RolloutRow]:
        hub = self.province.hub
        with hub.unit_of_work.begin() as session:
            codes = hub.company.member_codes(session, of_service())
            page = hub.ledger.rollout(session, of_service(), codes, PageRequest())
        return {row.mof_div_code: row for row in page.rows}


@dataclass
class Taker:
    """A member that takes releases over."""

    member: federation_lab.Member
    folder: Path

    def __post_init__(self) -> None:
        self.catalogues = Catalogues(self.member.clock)
        self.signer = FolderSigner(self.member.identity_folder)
        self.adoption = Adoption(
            clock=self.member.clock, signer=self.signer, agent_version="test"
        )

    def task(self) -> AdoptionTask:
        channel = self.member.channel
        return AdoptionTask(
            code=self.signer.node_code,
            unit_of_work=self.member.work,
            adoption=self.adoption,
            client=ReleaseClient(
                self.folder,
                bootstrap=self.member.identity_folder.load("tuf_root.json"),
                fetcher=grpc_fetcher(channel),
                clock=self.member.clock,
            ),
            send=GrpcReporter(channel),
        )

    def reconnect(self) -> None:
        """Wait until the channel has found the hub again."""
        grpc.channel_ready_future(self.member.channel).result(timeout=PATIENCE_S)

    def in_force(self) -> str | None:
        with self.member.work.begin() as session:
            active = self.catalogues.status(session).active
        return None if active is None else active.version

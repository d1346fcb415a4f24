"""Tables of the fleet."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from kuwei_shared.db.base import HubTable

MOMENT = DateTime(timezone=True)


class FleetNode(HubTable):
    """One node, known before it first calls."""

    __tablename__ = "fleet_node"

    mof_div_code: Mapped[str] = mapped_column(String(9), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    level: Mapped[str] = mapped_column(String(10))
    parent: Mapped[str | None] = mapped_column(String(9))
    state: Mapped[str] = mapped_column(String(10), index=True)
    epoch: Mapped[int] = mapped_column(BigInteger)
    registered_by: Mapped[str] = mapped_column(String(100))
    registered_at: Mapped[dt.datetime] = mapped_column(MOMENT)
    agent_version: Mapped[str | None] = mapped_column(String(40))
    clock_skew_ms: Mapped[int | None] = mapped_column(BigInteger)
    queue_depth: Mapped[int | None] = mapped_column(BigInteger)
    last_seen_at: Mapped[dt.datetime | None] = mapped_column(MOMENT)


class FleetToken(HubTable):
    """A single-use enrolment token; the secret is forgotten on use."""

    __tablename__ = "fleet_token"

    token_id: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    mof_div_code: Mapped[str] = mapped_column(
        ForeignKey("fleet_node.mof_div_code"), index=True
    )
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    issued_by: Mapped[str] = mapped_column(String(100))
    issued_at: Mapped[dt.datetime] = mapped_column(MOMENT)
    expires_at: Mapped[dt.datetime] = mapped_column(MOMENT)
    used_at: Mapped[dt.datetime | None] = mapped_column(MOMENT)


class FleetEnrolment(HubTable):
    """An application under a token; the primary key makes a second one impossible."""

    __tablename__ = "fleet_enrolment"

    token_id: Mapped[bytes] = mapped_column(
        ForeignKey("fleet_token.token_id"), primary_key=True
    )
    mof_div_code: Mapped[str] = mapped_column(
        ForeignKey("fleet_node.mof_div_code"), index=True
    )
    state: Mapped[str] = mapped_column(String(10), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    csr_der: Mapped[bytes] = mapped_column(LargeBinary)
    signing_key: Mapped[bytes] = mapped_column(LargeBinary)
    words: Mapped[str] = mapped_column(String(40))
    host_name: Mapped[str] = mapped_column(String(255))
    platform: Mapped[str] = mapped_column(String(255))
    agent_version: Mapped[str] = mapped_column(String(40))
    epoch: Mapped[int] = mapped_column(BigInteger)
    applied_at: Mapped[dt.datetime] = mapped_column(MOMENT)
    decided_by: Mapped[str | None] = mapped_column(String(100))
    decided_at: Mapped[dt.datetime | None] = mapped_column(MOMENT)
    chain_pem: Mapped[bytes | None] = mapped_column(LargeBinary)
    key_statement: Mapped[bytes | None] = mapped_column(LargeBinary)


class FleetKey(HubTable):
    """A node's signing key in one epoch, as certified by the hub."""

    __tablename__ = "fleet_key"

    mof_div_code: Mapped[str] = mapped_column(
        ForeignKey("fleet_node.mof_div_code"), primary_key=True
    )
    epoch: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    signing_key: Mapped[bytes] = mapped_column(LargeBinary)
    since: Mapped[dt.datetime] = mapped_column(MOMENT)


class FleetCertificate(HubTable):
    """A certificate the hub issued, so that one serial number can be denied."""

    __tablename__ = "fleet_certificate"

    serial: Mapped[str] = mapped_column(String(50), primary_key=True)
    mof_div_code: Mapped[str] = mapped_column(
        ForeignKey("fleet_node.mof_div_code"), index=True
    )
    issued_at: Mapped[dt.datetime] = mapped_column(MOMENT)
    not_after: Mapped[dt.datetime] = mapped_column(MOMENT, index=True)
    denied_at: Mapped[dt.datetime | None] = mapped_column(MOMENT)


class FleetEvent(HubTable):
    """What happened to a node; appended only."""

    __tablename__ = "fleet_event"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    mof_div_code: Mapped[str] = mapped_column(
        ForeignKey("fleet_node.mof_div_code"), index=True
    )
    kind: Mapped[str] = mapped_column(String(30), index=True)
    actor: Mapped[str] = mapped_column(String(100))
    note: Mapped[str] = mapped_column(String(400))
    at: Mapped[dt.datetime] = mapped_column(MOMENT)


class FleetBulletin(HubTable):
    """The version of each subject nodes may fetch news about."""

    __tablename__ = "fleet_bulletin"

    topic: Mapped[str] = mapped_column(String(30), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[dt.datetime] = mapped_column(MOMENT)

"""How far a release has come at a node; both ends speak of it in these words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ADOPTION_TYPE: Final = "application/vnd.kuwei.adoption.v1+protobuf"
REASON_CHARS_MAX: Final = 2_000
REPORTS_MAX: Final = 100
REPORT_STREAM: Final = "rollout"
"""What reports are called among the streams both sides compare in Hello."""
SERIAL_UNKNOWN: Final = 0
REPORT_CONFLICT: Final = "report.conflict"
"""Another report is held under the number: history was forked."""


class AdoptionState(StrEnum):
    """A release's way at a node, in order; it ends active or failed."""

    TOLD = "told"
    FETCHED = "fetched"
    VERIFIED = "verified"
    COMPILED = "compiled"
    ACTIVE = "active"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionReport:
    """A node's word on one release; worth something only when signed.

    Attributes:
        seq: gap-free from 1 per node and epoch.
        version: empty where a repository as a whole is refused.
        serial: ``SERIAL_UNKNOWN`` of a release the node could not look at.
        reason: empty unless the release failed.
    """

    node_code: str
    epoch: int
    seq: int
    version: str
    serial: int
    state: AdoptionState
    happened_at: dt.datetime
    reason_code: str = ""
    reason: str = ""
    agent_version: str = ""

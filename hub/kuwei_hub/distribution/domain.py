"""Releases, their rollout and their adoption, as plain values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.releases.adoption import AdoptionState
from kuwei_shared.releases.layout import RoleName

CATALOGUE_TOPIC = "catalogue"
ASSIGNMENT_TOPIC = "assignment"
ALARM_AFTER = 0.5
STATES: Mapping[AdoptionState | None, str] = {
    None: "待通知",
    AdoptionState.TOLD: "已通知",
    AdoptionState.FETCHED: "已下载",
    AdoptionState.VERIFIED: "已验签",
    AdoptionState.COMPILED: "已编译",
    AdoptionState.ACTIVE: "已生效",
    AdoptionState.FAILED: "失败",
}
STANDINGS: Mapping[str, str] = {
    "suspended": "节点已停用",
    "unassigned": "未指派",
    "paused": "已暂停",
    "waiting": STATES[None],
    **{state: said for state, said in STATES.items() if state is not None},
}
"""How far a jurisdiction has come; in descending order failures come first."""
RELEASE_STATUSES: Mapping[str, str] = {"published": "可执行", "withdrawn": "已撤回"}
ROLLOUT_ACTS: Mapping[str | None, str] = {
    None: "安排启用目录",
    "pause": "暂停取新版本",
    "resume": "恢复取新版本",
}


class ReleaseStatus(StrEnum):
    """Whether a release may still be activated anywhere."""

    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What a release is, before it is signed.

    Attributes:
        bundle: the packed catalogue.
        author: holder who signs first; also wrote or gathered the rules.
        approver: another holder, who signs second.
    """

    version: str
    bundle: bytes
    rule_count: int
    author: str
    approver: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a release has come among some members.

    Attributes:
        assigned: members that shall run it.
        running: members that last reported it as active, assigned to it or not.
    """

    assigned: int = 0
    running: int = 0

    def __str__(self) -> str:
        """As tables and files show it."""
        return f"{self.running:,} / {self.assigned:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRow:
    """A release as pages list it.

    Attributes:
        reach: among the members the reader may see; None where nobody asked.
    """

    serial: int
    version: str
    status: ReleaseStatus
    sha256: str
    length_bytes: int
    rule_count: int
    author: str
    approver: str
    note: str
    published_at: dt.datetime
    reach: Reach | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutRow:
    """What one jurisdiction shall run, and how far it has come.

    Attributes:
        serial: the assigned release; None before the first assignment.
        state: by the node's latest signed report on that release.
        since: when that state was reached, by the hub's clock.
        active_serial: release the node last reported as active.
        is_suspended: the node was shut out; nothing moves until it is reinstated.
    """

    mof_div_code: str
    serial: int | None
    version: str | None
    is_paused: bool
    assigned_at: dt.datetime | None
    state: AdoptionState | None
    reason: str
    since: dt.datetime | None
    active_serial: int | None
    active_version: str | None
    is_suspended: bool = False

    @property
    def state_title(self) -> str:
        """How far it has come, in Chinese."""
        if self.is_suspended:
            return "节点已停用"
        if self.serial is None:
            return "未指派"
        return "已暂停" if self.is_paused else STATES[self.state]

    @property
    def reported_title(self) -> str:
        """How far it had come by its own reports, paused or not, in Chinese."""
        return STATES[self.state]

    def age(self, now: dt.datetime) -> dt.timedelta | None:
        """How long the present state has lasted; untold ones since assignment."""
        start = self.since or self.assigned_at
        return None if start is None else now - start


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutSearch:
    """What a list of a rollout asks for; None means any.

    Attributes:
        words: the beginning of a code, or part of a name.
        version: the release members shall run.
        standing: one of ``STANDINGS``.
        suspended: members the fleet has shut out.
    """

    words: str | None = None
    version: str | None = None
    standing: str | None = None
    suspended: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One signed report, as kept."""

    epoch: int
    seq: int
    serial: int
    version: str
    state: AdoptionState
    reason_code: str
    reason: str
    happened_at: dt.datetime
    received_at: dt.datetime

    @property
    def state_title(self) -> str:
        """What was reported, in Chinese."""
        return STATES[self.state]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far the ledger of one node has come."""

    epoch: int = 0
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a batch of reports.

    A refusal is carried, not raised, so that the alarm it left is committed; the
    edge raises it afterwards.
    """

    at: Position
    refusal: KuweiError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How much life the repository's signatures have left.

    Attributes:
        used: fraction of the life used up, per role; above 0.5 deserves an alarm.
    """

    used: dict[str, float]
    expires: dict[str, dt.datetime]

    @property
    def is_alarming(self) -> bool:
        """Whether some signature is past the middle of its life unrenewed."""
        return any(fraction > ALARM_AFTER for fraction in self.used.values())


def key_holders(holders: tuple[str, ...]) -> dict[RoleName, tuple[str, ...]]:
    """Return who holds which key; the three online ones are the hub's own."""
    own = ("省级中心",)
    return {
        RoleName.ROOT: ("根密钥一", "根密钥二", "根密钥三"),
        RoleName.TARGETS: holders,
        RoleName.SNAPSHOT: own,
        RoleName.TIMESTAMP: own,
        RoleName.DIRECTOR: own,
    }

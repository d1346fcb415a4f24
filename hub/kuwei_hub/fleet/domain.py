"""Members of the fleet and how one becomes one; the words, no I/O.

EXPECTED → PENDING → APPROVED → ACTIVE; SUSPENDED and RETIRED are denied on every
call. Nobody approves what they themselves issued a token for or asked to reinstate.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.rpc.peers import Peer
from kuwei_shared.trust.certificates import Authority

PROTOCOL: Final = 1
CREDITS: Final = 200
CLOCK_SKEW_MAX_MS: Final = 120_000
DENIALS_STALE: Final = dt.timedelta(seconds=60)
NODE_DENIED: Final = "node.denied"
REPLACED: Final = "本证书已作废:节点已更换设备,请用新设备联络。"
KEY_STATEMENT_TYPE: Final = "application/vnd.kuwei.key-statement.v1+json"


class NodeState(StrEnum):
    """Where a node stands."""

    EXPECTED = "expected"
    PENDING = "pending"
    APPROVED = "approved"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    RETIRED = "retired"


DENIED: Final = (NodeState.SUSPENDED, NodeState.RETIRED)
ADMITTED: Final = (NodeState.APPROVED, NodeState.ACTIVE)
ENROLLED: Final = (*ADMITTED, *DENIED)
STATES: Final[Mapping[str, str]] = {
    NodeState.EXPECTED: "待接入",
    NodeState.PENDING: "待审批",
    NodeState.APPROVED: "已批准",
    NodeState.ACTIVE: "使用中",
    NodeState.SUSPENDED: "已停用",
    NodeState.RETIRED: "已退役",
}


class EnrolmentState(StrEnum):
    """Where an application for membership stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"


class EventKind(StrEnum):
    """What is worth remembering about a node; alarms begin with ``alarm_``."""

    REGISTERED = "registered"
    TOKEN_ISSUED = "token_issued"  # noqa: S105  # an event
    APPLIED = "applied"
    APPROVED = "approved"
    REFUSED = "refused"
    CERTIFIED = "certified"
    ACTIVATED = "activated"
    SUSPENDED = "suspended"
    REINSTATEMENT_ASKED = "reinstatement_asked"
    REINSTATEMENT_REFUSED = "reinstatement_refused"
    REINSTATED = "reinstated"
    HISTORY_FORK = "alarm_history_fork"
    STREAM_CONFLICT = "alarm_stream_conflict"
    FIGURES_REJECTED = "alarm_figures_rejected"
    EPOCH_STALE = "alarm_epoch_stale"
    TOKEN_REUSED = "alarm_token_reused"  # noqa: S105  # an event
    TOKEN_FORGED = "alarm_token_forged"  # noqa: S105  # an event


EVENTS: Final[Mapping[str, str]] = {
    EventKind.REGISTERED: "登记",
    EventKind.TOKEN_ISSUED: "签发入网令牌",
    EventKind.APPLIED: "申请入网",
    EventKind.APPROVED: "批准入网",
    EventKind.REFUSED: "拒绝入网",
    EventKind.CERTIFIED: "签发证书",
    EventKind.ACTIVATED: "启用",
    EventKind.SUSPENDED: "停用",
    EventKind.REINSTATEMENT_ASKED: "申请恢复",
    EventKind.REINSTATEMENT_REFUSED: "退回恢复申请",
    EventKind.REINSTATED: "恢复",
    EventKind.HISTORY_FORK: "告警:历史分叉",
    EventKind.STREAM_CONFLICT: "告警:报文冲突",
    EventKind.FIGURES_REJECTED: "告警:统计拒收",
    EventKind.EPOCH_STALE: "告警:纪元过旧",
    EventKind.TOKEN_REUSED: "告警:令牌重复使用",
    EventKind.TOKEN_FORGED: "告警:令牌伪造",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the fleet is told by settings."""

    trust_domain: str
    token_ttl: dt.timedelta
    grpc_address: str
    enrol_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFile:
    """What is handed to a node's operator, on paper or a stick; shown once."""

    node_code: str
    token_id: bytes
    secret: bytes
    expires_at: dt.datetime
    enrol_address: str
    grpc_address: str
    trust_pem: bytes

    def to_json(self) -> str:
        """Write the file ``kuwei-node enrol --token-file`` reads."""
        return json.dumps(
            {
                "node_code": self.node_code,
                "token_id": base64.b64encode(self.token_id).decode(),
                "secret": base64.b64encode(self.secret).decode(),
                "expires_at": self.expires_at.isoformat(),
                "enrol_address": self.enrol_address,
                "grpc_address": self.grpc_address,
                "trust_pem": self.trust_pem.decode(),
            },
            indent=2,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of an application.

    A refusal is carried, not raised, so that the alarm it left is committed; the
    edge raises it afterwards.
    """

    state: EnrolmentState | None = None
    words: str = ""
    refusal: KuweiError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What a node receives once approved; fields are empty while it waits."""

    state: EnrolmentState
    identity: str = ""
    epoch: int = 0
    chain_pem: bytes = b""
    trust_pem: bytes = b""
    hub_signing_key: bytes = b""
    key_statement: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What a node says in Hello."""

    agent_version: str
    clock_ms: int
    epoch: int
    protocol_min: int
    protocol_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """What the hub answers; a refusal is carried as in Verdict."""

    epoch: int = 0
    features: tuple[str, ...] = ()
    refusal: KuweiError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What a node says in Heartbeat."""

    clock_ms: int
    queue_depth: int
    agent_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a person said about a node, and when; who by the issuer's subject.

    Attributes:
        at: None where nothing was written down.
    """

    by: str
    at: dt.datetime | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """Why a node is out, and who asked to let it in again.

    Attributes:
        asked: the request a second person has not decided yet.
    """

    said: Word
    asked: Word | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the gRPC process looks up every second.

    Attributes:
        denied: node code or serial number of a certificate → the sentence its
            bearer is told.
    """

    bulletins: dict[str, int]
    denied: Mapping[str, str]


def denial(code: str, state: str, reason: str) -> KuweiError:
    """Return what a denied node is told; its own page and log show it."""
    if state == NodeState.SUSPENDED:
        message = f"节点 {code} 已被省级停用:{reason}。恢复须由省级办理。"
    else:
        message = f"节点 {code} 已退役,请联系省级管理员。"
    return KuweiError(NODE_DENIED, message, kind=Kind.DENIED)


class AuthorityKeeper(Protocol):
    """Keeps the certificate authority and the hub's signing key."""

    def issuer(self) -> Authority:
        """Return the issuing authority."""
        ...

    def trust_pem(self) -> bytes:
        """Return the roots everybody pins."""
        ...

    def signing_key(self) -> Ed25519PrivateKey:
        """Return the key for receipts and key statements."""
        ...


class DenyList:
    """The denied nodes as last looked up; refuses all when nobody looked lately."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: tuple[dt.datetime, Mapping[str, str]] | None = None

    def learn(self, denied: Mapping[str, str]) -> None:
        """Replace the list; one assignment, safe between threads."""
        self._known = (self._clock.now(), denied)

    def denies(self, peer: Peer) -> bool:
        """Whether the list names the peer, however old the list is."""
        return self._known is not None and self._sentence(self._known[1], peer) != ""

    def refuse(self, peer: Peer) -> None:
        """Raise if the peer is denied.

        Raises:
            KuweiError: ``node.denied``, or ``node.unchecked`` when the list is old:
                a list that cannot be read must not let the suspended back in.
        """
        known = self._known
        if known is None or self._clock.now() - known[0] > DENIALS_STALE:
            raise KuweiError(
                "node.unchecked",
                "暂时无法核对停用名单,请稍后重试。",
                kind=Kind.UNAVAILABLE,
                retry_after_s=5,
            )
        sentence = self._sentence(known[1], peer)
        if sentence:
            raise KuweiError(NODE_DENIED, sentence, kind=Kind.DENIED)

    def _sentence(self, denied: Mapping[str, str], peer: Peer) -> str:
        return denied.get(peer.node_code) or denied.get(str(peer.serial), "")

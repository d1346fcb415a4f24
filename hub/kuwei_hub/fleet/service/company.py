"""Keeping company with members: greeting, pulse, bulletins, keys."""

from __future__ import annotations

from collections.abc import Collection

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.orm import Session

from kuwei_hub.fleet import store
from kuwei_hub.fleet.domain import (
    CLOCK_SKEW_MAX_MS,
    DENIED,
    PROTOCOL,
    REPLACED,
    EventKind,
    Greeting,
    NodeState,
    Pulse,
    Watch,
    Welcome,
    denial,
)
from kuwei_hub.fleet.models import FleetEvent, FleetNode
from kuwei_shared.identity.scope import (
    VisibleJurisdictions,
    of_jurisdictions,
    of_service,
)
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.trust import keys


class Company:
    """Knows who is there, in which epoch, and what there is to tell them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def hello(self, session: Session, code: str, greeting: Greeting) -> Welcome:
        """Greet a node; its first Hello makes it active.

        Raises:
            KuweiError: ``session.protocol`` when the versions do not meet,
                ``node.denied``.
        """
        if not greeting.protocol_min <= PROTOCOL <= greeting.protocol_max:
            raise KuweiError(
                "session.protocol",
                "节点与省级的协议版本不相容,请升级较旧的一方。",
                kind=Kind.CONFLICT,
            )
        node = self._admitted(session, code, lock=True)
        if greeting.epoch < node.epoch:
            return self._stale(session, node, greeting.epoch)
        if greeting.epoch > node.epoch:
            self._fork(session, node, greeting.epoch)
        if node.state == NodeState.APPROVED:
            node.state = NodeState.ACTIVE
            self._record(session, code, EventKind.ACTIVATED, "node", "")
        self._saw(node, greeting.clock_ms)
        node.agent_version = greeting.agent_version[:40]
        return Welcome(epoch=node.epoch, features=self._features(node))

    def heartbeat(self, session: Session, code: str, pulse: Pulse) -> None:
        """Note that a node is alive and how long its queue is."""
        node = self._admitted(session, code, lock=True)
        self._saw(node, pulse.clock_ms)
        node.queue_depth = pulse.queue_depth
        node.agent_version = pulse.agent_version[:40]

    def require_submitter(self, session: Session, code: str) -> int:
        """Return the node's epoch if it may hand in figures now.

        Raises:
            KuweiError: ``node.denied``, ``session.no_hello`` or
                ``session.clock_suspect``.
        """
        node = self._admitted(session, code)
        if node.state != NodeState.ACTIVE:
            raise KuweiError(
                "session.no_hello", "请先握手(Hello)再上报。", kind=Kind.CONFLICT
            )
        if abs(node.clock_skew_ms or 0) > CLOCK_SKEW_MAX_MS:
            raise KuweiError(
                "session.clock_suspect",
                "本机时钟与省级相差超过 120 秒,请校时后再上报。",
                kind=Kind.CONFLICT,
            )
        return node.epoch

    def signing_key(
        self, session: Session, code: str, epoch: int
    ) -> Ed25519PublicKey | None:
        """Return the key a node signs with in an epoch."""
        raw = store.signing_key(session, of_jurisdictions([code]), code, epoch)
        return None if raw is None else keys.public_key(raw)

    def current_key(self, session: Session, code: str) -> Ed25519PublicKey | None:
        """Return the key a node signs with now; None for who is no member.

        Raises:
            KuweiError: ``node.denied``.
        """
        scope = of_jurisdictions([code])
        if store.node(session, scope, code) is None:
            return None
        node = self._admitted(session, code)
        return self.signing_key(session, code, node.epoch)

    def announce(self, session: Session, topic: str) -> None:
        """Tell waiting nodes, once this transaction commits, of news on a topic."""
        store.announce(session, topic, self._clock.now())

    def watch(self, session: Session) -> Watch:
        """Return what the gRPC process must know from moment to moment."""
        scope = of_service()
        return Watch(
            bulletins=store.bulletins(session, scope),
            denied=self._denied(session, scope),
        )

    def alarm(self, session: Session, code: str, kind: EventKind, note: str) -> None:
        """Record that something about a node is not as it should be."""
        self._record(session, code, kind, "hub", note)

    def node(
        self, session: Session, scope: VisibleJurisdictions, code: str
    ) -> FleetNode | None:
        """Return a node the caller may see; None for who was never registered."""
        return store.node(session, scope, code)

    def nodes(
        self, session: Session, scope: VisibleJurisdictions, page: PageRequest
    ) -> Page[FleetNode]:
        """Return the nodes a caller may see."""
        return store.nodes(session, scope, page)

    def named(
        self, session: Session, scope: VisibleJurisdictions, codes: Collection[str]
    ) -> list[FleetNode]:
        """Return those of some nodes that a caller may see."""
        return store.named(session, scope, codes)

    def states(self, session: Session, scope: VisibleJurisdictions) -> dict[str, str]:
        """Return the state of every node a caller may see, by code."""
        return store.states(session, scope)

    def member_codes(self, session: Session, scope: VisibleJurisdictions) -> list[str]:
        """Return the codes of all registered nodes: the denominator of a rollout."""
        return store.codes(session, scope)

    def require_members(
        self, session: Session, scope: VisibleJurisdictions, codes: Collection[str]
    ) -> None:
        """Refuse codes of which there is no registered node.

        Raises:
            KuweiError: ``fleet.no_node``, naming them.
        """
        there = {one.mof_div_code for one in store.named(session, scope, codes)}
        if strange := sorted(set(codes) - there):
            raise KuweiError(
                "fleet.no_node",
                f"没有代码为 {'、'.join(strange)} 的节点,一个也未安排;"
                "请核对代码,已登记的节点见“推送情况”页。",
                kind=Kind.MISSING,
            )

    def events(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        page: PageRequest,
        *,
        alarms_only: bool = False,
    ) -> Page[FleetEvent]:
        """Return what happened to nodes, latest first."""
        return store.events(session, scope, page, alarms_only=alarms_only)

    def _stale(self, session: Session, node: FleetNode, epoch: int) -> Welcome:
        note = f"{epoch} < {node.epoch}"
        self._record(session, node.mof_div_code, EventKind.EPOCH_STALE, "node", note)
        return Welcome(
            refusal=KuweiError(
                "session.epoch_stale",
                "本节点的纪元早于省级所知,疑为旧备份或另有一台在运行,请核实后处理。",
                kind=Kind.CONFLICT,
            )
        )

    def _fork(self, session: Session, node: FleetNode, epoch: int) -> None:
        code, now = node.mof_div_code, self._clock.now()
        key = self.signing_key(session, code, node.epoch)
        note = f"{node.epoch} → {epoch}"
        self._record(session, code, EventKind.HISTORY_FORK, "node", note)
        if key is not None:
            store.keep_key(session, code, epoch, keys.public_bytes(key), now)
        node.epoch = epoch

    def _features(self, node: FleetNode) -> tuple[str, ...]:
        suspect = abs(node.clock_skew_ms or 0) > CLOCK_SKEW_MAX_MS
        return ("clock_suspect",) if suspect else ()

    def _saw(self, node: FleetNode, clock_ms: int) -> None:
        now = self._clock.now()
        node.clock_skew_ms = clock_ms - int(now.timestamp() * 1000)
        node.last_seen_at = now

    def _denied(self, session: Session, scope: VisibleJurisdictions) -> dict[str, str]:
        serials = store.denied_serials(session, scope, self._clock.now())
        nodes = store.denied_nodes(session, scope)
        found = {code: denial(code, *why).message for code, *why in nodes}
        return dict.fromkeys(serials, REPLACED) | found

    def _admitted(
        self, session: Session, code: str, *, lock: bool = False
    ) -> FleetNode:
        """Return a node that is not denied, asked of the table itself.

        The list the edge goes by is up to a second old; this is not.
        """
        scope = of_jurisdictions([code])
        node = store.node(session, scope, code, lock=lock)
        if node is None:
            raise KuweiError("node.unknown", f"节点 {code} 未登记。", kind=Kind.MISSING)
        if node.state in DENIED:
            event = store.said(session, scope, code, [EventKind.SUSPENDED])
            raise denial(code, node.state, "" if event is None else event.note)
        return node

    def _record(
        self, session: Session, code: str, kind: EventKind, actor: str, note: str
    ) -> None:
        store.record(session, code, kind, actor=actor, note=note, at=self._clock.now())

"""How a node becomes a member (wire.md b.4).

Pre-registered → single-use token → application under HMAC → a second person
compares six words → certificate. A refusal that is also an alarm is carried in
the verdict, so that the transaction which records it commits.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy.orm import Session

from kuwei_hub.fleet import store
from kuwei_hub.fleet.domain import (
    ENROLLED,
    KEY_STATEMENT_TYPE,
    AuthorityKeeper,
    EnrolmentState,
    EventKind,
    Membership,
    NodeState,
    Policy,
    TokenFile,
    Verdict,
)
from kuwei_hub.fleet.models import FleetEnrolment, FleetNode, FleetToken
from kuwei_hub.fleet.service import readmission
from kuwei_shared.identity.scope import VisibleJurisdictions, of_service
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.trust import certificates, dsse, enrolment, fingerprints, keys

TEXT_MAX = 255
WORDS_MAX = 40


class Enrolment:
    """Registers, hears applications, and certifies those a second person approved."""

    def __init__(
        self, *, clock: Clock, policy: Policy, authority: AuthorityKeeper
    ) -> None:
        self._clock = clock
        self._policy = policy
        self._authority = authority

    def register(
        self,
        session: Session,
        code: str,
        *,
        name: str,
        level: str,
        parent: str | None,
        by: str,
    ) -> FleetNode:
        """Expect a node; coverage counts it from now on, seen or not.

        Raises:
            KuweiError: ``node.registered`` if it is expected already.
        """
        if certificates.DIVISION_CODE.fullmatch(code) is None:
            raise KuweiError("node.bad_code", f"区划代码 {code} 须为九位数字。")
        if store.node(session, of_service(), code) is not None:
            raise KuweiError(
                "node.registered", f"节点 {code} 已登记。", kind=Kind.CONFLICT
            )
        node = FleetNode(
            mof_div_code=code,
            name=name,
            level=level,
            parent=parent,
            state=NodeState.EXPECTED,
            epoch=0,
            registered_by=by,
            registered_at=self._clock.now(),
        )
        store.keep(session, node)
        self._record(session, code, EventKind.REGISTERED, by, name)
        return node

    def expects(self, session: Session, code: str) -> bool:
        """Tell whether a node is registered."""
        return store.node(session, of_service(), code) is not None

    def issue_token(
        self,
        session: Session,
        code: str,
        *,
        by: str,
        account: str,
        replace: bool = False,
    ) -> TokenFile:
        """Issue a token for one application by one node; shown once.

        Args:
            session: the open transaction.
            code: the node.
            by: who issues, as stated.
            account: who issues, as the operating system vouches for it.
            replace: whether the node may be enrolled already.

        Raises:
            KuweiError: ``node.unknown``, ``node.retired``, or ``node.enrolled``
                unless ``replace``.
        """
        node = self._node(session, code)
        issuer = readmission.person(node, by=by, account=account)
        if node.state in ENROLLED and not replace:
            raise KuweiError(
                "node.enrolled",
                f"节点 {code} 已入网;确需更换设备时请使用 --replace。",
                kind=Kind.CONFLICT,
            )
        now = self._clock.now()
        token = FleetToken(
            token_id=secrets.token_bytes(enrolment.TOKEN_ID_BYTES),
            mof_div_code=code,
            secret=secrets.token_bytes(enrolment.SECRET_BYTES),
            issued_by=issuer,
            issued_at=now,
            expires_at=now + self._policy.token_ttl,
        )
        store.keep(session, token)
        self._record(session, code, EventKind.TOKEN_ISSUED, issuer, "")
        return TokenFile(
            node_code=code,
            token_id=token.token_id,
            secret=token.secret or b"",
            expires_at=token.expires_at,
            enrol_address=self._policy.enrol_address,
            grpc_address=self._policy.grpc_address,
            trust_pem=self._authority.trust_pem(),
        )

    def apply(
        self, session: Session, application: enrolment.Application, mac: bytes
    ) -> Verdict:
        """Hear an application; the same one again gets the same answer.

        Raises:
            KuweiError: ``token.unknown`` or ``request.malformed``.
        """
        token = store.token(session, of_service(), application.token_id)
        if token is None:
            raise KuweiError(
                "token.unknown", "入网令牌无效,请向省级申请。", kind=Kind.DENIED
            )
        if token.secret is None or token.used_at is not None:
            return self._again(session, token, application)
        if not enrolment.is_sealed(token.secret, application, mac):
            return self._forged(session, token)
        if application.node_code != token.mof_div_code:
            return self._forged(session, token)
        if self._clock.now() >= token.expires_at:
            raise KuweiError(
                "token.expired", "入网令牌已过期,请重新申请。", kind=Kind.DENIED
            )
        return self._accept(session, token, application)

    def pending(
        self, session: Session, scope: VisibleJurisdictions, page: PageRequest
    ) -> Page[FleetEnrolment]:
        """Return applications that wait for a second person."""
        return store.pending(session, scope, page)

    def approve(
        self, session: Session, code: str, *, by: str, account: str
    ) -> FleetEnrolment:
        """Approve a node's latest application, as somebody who did not issue its token.

        Its machine is the node's only one from now on: what else waits is refused, and
        tokens nobody used run out.

        Args:
            session: the open transaction.
            code: the node.
            by: who approves, as stated.
            account: who approves, as the operating system vouches for it; it alone
                counts where the node is suspended.

        Raises:
            KuweiError: ``enrolment.none``, ``node.retired``, and as
                ``readmission.require_two``.
        """
        waiting = self._waiting(session, code)
        token = store.token(session, of_service(), waiting.token_id)
        assert token is not None  # an application refers to its token
        node = self._node(session, code)
        approver = readmission.person(node, by=by, account=account)
        readmission.require_two(session, node, token, approver)
        now = self._clock.now()
        self._decide(waiting, EnrolmentState.APPROVED, approver)
        if node.state == NodeState.SUSPENDED:
            note = "更换设备后重新入网"
            self._record(session, code, EventKind.REINSTATED, approver, note)
        node.state = NodeState.APPROVED
        # Counted here, not when it applied: others were approved or forked since.
        node.epoch = waiting.epoch = node.epoch + 1
        store.supersede(session, code, approver, now)
        store.deny_certificates(session, code, now)
        store.keep_key(session, code, waiting.epoch, waiting.signing_key, now)
        self._record(session, code, EventKind.APPROVED, approver, waiting.words)
        return waiting

    def refuse(self, session: Session, code: str, *, by: str, reason: str) -> None:
        """Refuse a waiting application.

        Raises:
            KuweiError: ``enrolment.none``.
        """
        waiting = self._waiting(session, code)
        self._decide(waiting, EnrolmentState.REFUSED, by)
        self._record(session, code, EventKind.REFUSED, by, reason)

    def poll(self, session: Session, token_id: bytes, proof: bytes) -> Membership:
        """Tell an applicant where it stands; certify it once it is approved.

        Raises:
            KuweiError: ``enrolment.unproved`` unless the applicant asks; once it is
                approved, as ``readmission.require_current``.
        """
        waiting = store.enrolment(session, of_service(), token_id)
        if waiting is None or not enrolment.is_polled_by(
            keys.public_key(waiting.signing_key), token_id, proof
        ):
            raise KuweiError(
                "enrolment.unproved", "无法证明是申请人本机。", kind=Kind.DENIED
            )
        if waiting.state != EnrolmentState.APPROVED:
            return Membership(state=EnrolmentState(waiting.state))
        node = self._node(session, waiting.mof_div_code)
        readmission.require_current(session, waiting, node)
        if waiting.chain_pem is None:
            self._certify(session, waiting)
        return self._membership(waiting)

    def _accept(
        self, session: Session, token: FleetToken, application: enrolment.Application
    ) -> Verdict:
        key = certificates.requested_key(application.csr_der)
        keys.public_key(application.signing_key)
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        words = fingerprints.words(spki, application.signing_key)
        node = self._node(session, token.mof_div_code)
        token.used_at, token.secret = self._clock.now(), None
        waiting = FleetEnrolment(
            token_id=token.token_id,
            mof_div_code=token.mof_div_code,
            state=EnrolmentState.PENDING,
            digest=application.digest(),
            csr_der=application.csr_der,
            signing_key=application.signing_key,
            words=words,
            host_name=application.host_name[:TEXT_MAX],
            platform=application.platform[:TEXT_MAX],
            agent_version=application.agent_version[:WORDS_MAX],
            epoch=node.epoch + 1,
            applied_at=self._clock.now(),
        )
        store.keep(session, waiting)
        if node.state == NodeState.EXPECTED:
            node.state = NodeState.PENDING
        self._record(session, token.mof_div_code, EventKind.APPLIED, "node", words)
        return Verdict(state=EnrolmentState.PENDING, words=words)

    def _again(
        self, session: Session, token: FleetToken, application: enrolment.Application
    ) -> Verdict:
        first = store.enrolment(session, of_service(), token.token_id)
        if first is not None and first.digest == application.digest():
            return Verdict(state=EnrolmentState(first.state), words=first.words)
        note = f"{application.host_name} {application.platform}"
        self._record(session, token.mof_div_code, EventKind.TOKEN_REUSED, "?", note)
        return Verdict(
            refusal=KuweiError(
                "token.reused",
                "入网令牌已被使用过,本次已拒绝并告警;请向省级核实。",
                kind=Kind.DENIED,
            )
        )

    def _forged(self, session: Session, token: FleetToken) -> Verdict:
        self._record(session, token.mof_div_code, EventKind.TOKEN_FORGED, "?", "")
        return Verdict(
            refusal=KuweiError(
                "token.forged",
                "令牌校验未通过,请核对令牌文件与区划代码。",
                kind=Kind.DENIED,
            )
        )

    def _certify(self, session: Session, waiting: FleetEnrolment) -> None:
        now, code = self._clock.now(), waiting.mof_div_code
        identity = certificates.node_identity(self._policy.trust_domain, code)
        issuer = self._authority.issuer()
        key = certificates.requested_key(waiting.csr_der)
        leaf = certificates.issue_client(issuer, key, identity, now)
        waiting.chain_pem = certificates.chain_pem(leaf, issuer.certificate)
        waiting.key_statement = self._statement(waiting, identity, now)
        store.keep_certificate(
            session, code, leaf.serial_number, now, leaf.not_valid_after_utc
        )
        self._record(session, code, EventKind.CERTIFIED, "hub", f"{leaf.serial_number}")

    def _statement(
        self, waiting: FleetEnrolment, identity: str, now: dt.datetime
    ) -> bytes:
        statement = {
            "identity": identity,
            "epoch": waiting.epoch,
            "signing_key": waiting.signing_key.hex(),
            "words": waiting.words,
            "approved_by": waiting.decided_by,
            "issued_at": now.isoformat(),
        }
        payload = json.dumps(statement, sort_keys=True, ensure_ascii=False).encode()
        key = self._authority.signing_key()
        return dsse.to_json(dsse.sign(payload, KEY_STATEMENT_TYPE, key))

    def _membership(self, waiting: FleetEnrolment) -> Membership:
        hub_key = self._authority.signing_key().public_key()
        return Membership(
            state=EnrolmentState.APPROVED,
            identity=certificates.node_identity(
                self._policy.trust_domain, waiting.mof_div_code
            ),
            epoch=waiting.epoch,
            chain_pem=waiting.chain_pem or b"",
            trust_pem=self._authority.trust_pem(),
            hub_signing_key=keys.public_bytes(hub_key),
            key_statement=waiting.key_statement or b"",
        )

    def _waiting(self, session: Session, code: str) -> FleetEnrolment:
        waiting = store.pending_of(session, of_service(), code)
        if waiting is None:
            raise KuweiError(
                "enrolment.none", f"节点 {code} 没有待批准的申请。", kind=Kind.MISSING
            )
        return waiting

    def _decide(self, waiting: FleetEnrolment, state: EnrolmentState, by: str) -> None:
        waiting.state = state
        waiting.decided_by = by
        waiting.decided_at = self._clock.now()

    def _node(self, session: Session, code: str) -> FleetNode:
        node = store.node(session, of_service(), code, lock=True)
        if node is None:
            raise KuweiError(
                "node.unknown", f"节点 {code} 未登记,请先登记。", kind=Kind.MISSING
            )
        return node

    def _record(
        self, session: Session, code: str, kind: EventKind, actor: str, note: str
    ) -> None:
        store.record(session, code, kind, actor=actor, note=note, at=self._clock.now())

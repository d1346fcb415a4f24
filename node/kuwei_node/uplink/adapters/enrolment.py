"""Applying for membership: keys made here, a token proved, an answer awaited.

The application is kept until it is answered, so that repeating ``enrol`` repeats the
same application and is not taken for a second use of the token.
"""

from __future__ import annotations

import base64
import json
import platform
import socket
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Final

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kuwei.v1 import enrolment_pb2 as pb
from kuwei.v1 import enrolment_pb2_grpc as pb_grpc
from kuwei_node.uplink.adapters.identity import IdentityFolder
from kuwei_node.uplink.domain import TUF_ROOT, Identity
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.rpc.errors import raised_here
from kuwei_shared.rpc.options import CHANNEL_OPTIONS
from kuwei_shared.trust import certificates, enrolment, keys
from kuwei_shared.trust.enrolment import Application

CALL_S: Final = 10.0
KEPT: Final = "application.json"


class Applicant:
    """One application under one token."""

    def __init__(self, folder: IdentityFolder, token: str) -> None:
        self._folder = folder
        try:
            raw = json.loads(token)
            self._code: str = raw["node_code"]
            self._token_id = base64.b64decode(raw["token_id"])
            self._secret = base64.b64decode(raw["secret"])
            self._grpc_address: str = raw["grpc_address"]
            trust = raw["trust_pem"].encode()
            address: str = raw["enrol_address"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise KuweiError(
                "token.malformed", "令牌文件无法读取,请向省级重新索取。"
            ) from error
        # The hub is believed by the root in the token file, which came by hand.
        credentials = grpc.ssl_channel_credentials(trust)
        self._channel = grpc.secure_channel(address, credentials, CHANNEL_OPTIONS)
        self._hub = pb_grpc.EnrolmentServiceStub(self._channel)

    def apply(self) -> str:
        """Send the application; return the six words to compare by telephone.

        Raises:
            KuweiError: the hub's refusal.
        """
        application = self._application()
        request = pb.EnrollRequest(
            token_id=application.token_id,
            node_code=application.node_code,
            csr_der=application.csr_der,
            signing_key=application.signing_key,
            host=pb.HostFacts(
                host_name=application.host_name,
                platform=application.platform,
                agent_version=application.agent_version,
            ),
            hmac=enrolment.seal(self._secret, application),
        )
        with raised_here():
            answer: pb.EnrollResponse = self._hub.Enroll(request, timeout=CALL_S)
        return answer.fingerprint_words

    def collect(self) -> Identity | None:
        """Ask once whether a second person has approved; None while waiting.

        Raises:
            KuweiError: ``enrolment.refused``.
        """
        proof = enrolment.poll_proof(self._signing_key(), self._token_id)
        request = pb.PollEnrolmentRequest(token_id=self._token_id, proof=proof)
        with raised_here():
            answer: pb.PollEnrolmentResponse = self._hub.PollEnrolment(
                request, timeout=CALL_S
            )
        if answer.state == pb.ENROLMENT_STATE_REFUSED:
            raise KuweiError(
                "enrolment.refused", "入网申请被退回,请联系省级。", kind=Kind.DENIED
            )
        if answer.state != pb.ENROLMENT_STATE_APPROVED:
            return None
        return self._become(answer)

    def await_approval(
        self, *, wait_s: float, every_s: float, tell: Callable[[KuweiError], object]
    ) -> Identity | None:
        """Ask until a second person has approved; None when the time is up.

        Approval may take a day: a hub that is away or busy meanwhile is told of and
        asked again, no sooner than it says.

        Raises:
            KuweiError: a refusal that waiting does not cure.
        """
        limit = time.monotonic() + wait_s
        while True:
            pause = every_s
            try:
                if (member := self.collect()) is not None:
                    return member
            except KuweiError as error:
                if error.retry_after_s is None:
                    raise
                tell(error)
                pause = max(every_s, error.retry_after_s)
            if time.monotonic() + pause > limit:
                return None
            time.sleep(pause)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def _become(self, answer: pb.PollEnrolmentResponse) -> Identity:
        self._folder.keep("chain.pem", answer.chain_pem)
        self._folder.keep("trust.pem", answer.trust_pem)
        self._folder.keep("key_statement.json", answer.key_statement)
        if answer.tuf_root:
            self._folder.keep(TUF_ROOT, answer.tuf_root)
        identity = Identity(
            node_code=self._code,
            identity=answer.identity,
            epoch=answer.epoch,
            grpc_address=self._grpc_address,
            hub_key=answer.hub_signing_key,
        )
        self._folder.write(identity)
        self._folder.forget(KEPT)
        return identity

    def _application(self) -> Application:
        if not self._folder.has(KEPT):
            self._prepare()
        raw = json.loads(self._folder.load(KEPT))
        return Application(
            token_id=self._token_id,
            node_code=self._code,
            csr_der=base64.b64decode(raw["csr_der"]),
            signing_key=keys.public_bytes(self._signing_key().public_key()),
            host_name=raw["host_name"],
            platform=raw["platform"],
            agent_version=raw["agent_version"],
        )

    def _prepare(self) -> None:
        """Make fresh keys for this application; none is ever used for two."""
        tls = keys.new_tls_key()
        self._folder.keep("tls.key", keys.private_pem(tls))
        self._folder.keep("signing.key", keys.private_pem(keys.new_signing_key()))
        request = certificates.make_request(tls, self._code)
        facts: Mapping[str, str] = {
            "csr_der": base64.b64encode(request).decode(),
            "host_name": socket.gethostname(),
            "platform": platform.platform(),
            "agent_version": version("kuwei"),
        }
        self._folder.keep(KEPT, json.dumps(facts).encode())

    def _signing_key(self) -> Ed25519PrivateKey:
        return self._folder.signing_key()

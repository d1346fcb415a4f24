"""Greetings, figures and applicants have threads of their own: none starves another."""

from __future__ import annotations

from collections.abc import Iterator

import federation_lab as lab
import grpc
import pytest
from pace import PATIENCE_S, wait_until
from sqlalchemy import Connection, create_engine, event, text

from kuwei.v1.enrolment_pb2 import EnrollRequest, HostFacts, PollEnrolmentRequest
from kuwei.v1.enrolment_pb2_grpc import EnrolmentServiceStub
from kuwei.v1.ingest_pb2 import SubmitBatchRequest
from kuwei.v1.ingest_pb2_grpc import IngestServiceStub
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rpc.errors import raised_here

pytestmark = [pytest.mark.federation, pytest.mark.integration]
ASKED = PollEnrolmentRequest(token_id=b"nobody's", proof=b"none")


@pytest.fixture
def door(province: lab.Province) -> Iterator[EnrolmentServiceStub]:
    """The port for applicants, as a stranger calls it."""
    trust = grpc.ssl_channel_credentials(province.hub.authority.trust_pem())
    address = f"localhost:{province.ports.applicants}"
    with grpc.secure_channel(address, trust) as channel:
        yield EnrolmentServiceStub(channel)


def wait_long_for_locks(connection: Connection) -> None:
    connection.execute(text("SET lock_timeout = '300s'"))
    connection.execute(text("SET statement_timeout = '300s'"))


@pytest.fixture
def patient(province: lab.Province) -> lab.Province:
    """A hub whose threads wait for a lock as long as somebody holds it."""
    event.listen(province.hub.unit_of_work.engine, "begin", wait_long_for_locks)
    return province


def poll(door: EnrolmentServiceStub) -> str:
    try:
        with raised_here():
            door.PollEnrolment(ASKED, timeout=PATIENCE_S)
    except KuweiError as error:
        return error.code
    return "answered"


def test_a_stranger_who_asks_without_end_is_put_off(door: EnrolmentServiceStub) -> None:
    said = {poll(door)}

    for _ in range(1_000):
        if "enrolment.too_often" in said:
            break
        said.add(poll(door))

    assert said == {"enrolment.unproved", "enrolment.too_often"}


def test_an_application_longer_than_one_can_be_is_not_read(
    door: EnrolmentServiceStub,
) -> None:
    request = EnrollRequest(host=HostFacts(host_name="x" * (64 << 10)))

    with pytest.raises(KuweiError) as caught, raised_here():
        door.Enroll(request, timeout=PATIENCE_S)

    assert caught.value.code == "rpc.too_large"


def test_members_do_not_wait_for_a_crowd_of_strangers(
    patient: lab.Province, member: lab.Member, door: EnrolmentServiceStub
) -> None:
    holder = create_engine(patient.url)
    member.see(lab.MONDAY, 3)
    member.line.record()

    with holder.begin() as connection:
        connection.execute(text("LOCK TABLE fleet_token, fleet_enrolment"))
        calls = [door.PollEnrolment.future(ASKED) for _ in range(8)]
        wait_until(lambda: patient.server.reception.inside == 8, "the crowd waits")
        member.line.greet()
        sent = member.line.send()

    holder.dispose()
    assert sent == 1
    assert all(call.exception(PATIENCE_S) for call in calls)


def test_a_greeting_does_not_wait_for_figures(
    patient: lab.Province, member: lab.Member
) -> None:
    member.line.greet()
    holder, stub = create_engine(patient.url), IngestServiceStub(member.channel)

    with holder.begin() as connection:
        connection.execute(text("LOCK TABLE fleet_key"))
        calls = [stub.SubmitBatch.future(SubmitBatchRequest()) for _ in range(8)]
        wait_until(lambda: patient.server.bridge.inside == 8, "all threads wait")
        member.line.greet()
        member.line.pulse()

    holder.dispose()
    assert [call.exception(PATIENCE_S) for call in calls] == [None] * 8

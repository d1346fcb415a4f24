from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from kuwei_node.uplink.domain import RETAIN, Identity, Waiting, message_id
from kuwei_node.uplink.service.outbox import Message, OutboxService
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.trust import dsse, keys
from kuwei_shared.trust.dsse import Signed
from kuwei_shared.wire import envelope as envelopes
from kuwei_shared.wire.envelope import Receipt

HUB_KEY = keys.new_signing_key()
IDENTITY = Identity(
    node_code="450102000",
    identity="spiffe://fiscal.gx/node/450102000",
    epoch=1,
    grpc_address="localhost:1",
    hub_key=keys.public_bytes(HUB_KEY.public_key()),
)
MESSAGE = Message(
    stream="stats",
    type="kuwei.v1.DailyStatistics",
    schema_rev=1,
    business_day=dt.date(2026, 1, 5),
    body=b"figures",
)


class Desk:
    def __init__(self, engine: Engine) -> None:
        self.clock = SetClock()
        self.work = UnitOfWork(engine)
        self.outbox = OutboxService(self.clock)

    def record(self) -> int:
        with self.work.begin() as session:
            return self.outbox.record(session, IDENTITY, MESSAGE)

    def record_and_fail(self) -> None:
        with self.work.begin() as session:
            self.outbox.record(session, IDENTITY, MESSAGE)
            raise ZeroDivisionError

    def waiting(self, after: int = 0) -> list[Waiting]:
        with self.work.begin() as session:
            return self.outbox.waiting(session, "stats", 1, after=after, limit=500)

    def receipt(self) -> Receipt:
        running = envelopes.ZERO_SHA256
        for one in self.waiting():
            own = envelopes.sha256(one.payload)
            running = envelopes.running_sha256(running, own)
        return Receipt(
            sender=IDENTITY.identity,
            epoch=1,
            stream="stats",
            upto_seq=len(self.waiting()),
            running_sha256=running,
            given_ms=0,
        )

    def settle(self, signed: Signed) -> None:
        with self.work.begin() as session:
            self.outbox.settle(session, IDENTITY, signed)

    def prune(self) -> None:
        with self.work.begin() as session:
            self.outbox.prune(session)


@pytest.fixture
def desk(outbox_engine: Engine) -> Desk:
    return Desk(outbox_engine)


def given(receipt: Receipt, key: Ed25519PrivateKey = HUB_KEY) -> Signed:
    payload = envelopes.encode_receipt(receipt)
    return dsse.sign(payload, envelopes.RECEIPT_TYPE, key)


def test_simultaneous_writers_leave_no_gap_and_one_chain(desk: Desk) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: desk.record(), range(80)))

    chain = [envelopes.decode(one.payload) for one in desk.waiting()]
    hashes = [envelopes.sha256(one.payload) for one in desk.waiting()]
    assert sorted(numbers) == list(range(1, 81))
    assert [one.seq for one in chain] == list(range(1, 81))
    assert [one.prev_sha256 for one in chain[1:]] == hashes[:-1]


def test_a_number_given_back_by_a_rollback_is_given_again(desk: Desk) -> None:
    desk.record()
    with pytest.raises(ZeroDivisionError):
        desk.record_and_fail()

    assert desk.record() == 2


def test_a_valid_receipt_lets_old_envelopes_go(desk: Desk) -> None:
    desk.record()
    desk.settle(given(desk.receipt()))
    desk.record()
    desk.clock.advance(RETAIN + dt.timedelta(days=1))

    desk.prune()

    assert [one.seq for one in desk.waiting()] == [2]


def test_what_is_receipted_stays_a_month_for_the_hubs_sake(desk: Desk) -> None:
    desk.record()
    desk.settle(given(desk.receipt()))
    desk.clock.advance(RETAIN - dt.timedelta(days=1))

    desk.prune()

    assert len(desk.waiting()) == 1


def test_without_a_receipt_nothing_goes_however_old(desk: Desk) -> None:
    desk.record()
    desk.clock.advance(RETAIN * 12)

    desk.prune()

    assert len(desk.waiting()) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"running_sha256": bytes(32)}, "receipt.mismatch"),
        ({"upto_seq": 2}, "receipt.mismatch"),
        ({"epoch": 2}, "receipt.foreign"),
        ({"sender": "spiffe://fiscal.gx/node/450303000"}, "receipt.foreign"),
    ],
)
def test_a_receipt_about_something_else_is_refused(
    desk: Desk, change: dict[str, Any], code: str
) -> None:
    desk.record()
    other = given(replace(desk.receipt(), **change))

    with pytest.raises(KuweiError) as caught:
        desk.settle(other)

    assert caught.value.code == code


def test_a_receipt_by_anyone_but_the_hub_is_refused(desk: Desk) -> None:
    desk.record()
    relay = given(desk.receipt(), keys.new_signing_key())

    with pytest.raises(KuweiError, match=r"signature\.invalid"):
        desk.settle(relay)


def test_an_envelope_cannot_pass_for_a_receipt(desk: Desk) -> None:
    desk.record()
    payload = envelopes.encode_receipt(desk.receipt())
    relabelled = dsse.sign(payload, envelopes.ENVELOPE_TYPE, HUB_KEY)

    with pytest.raises(KuweiError, match=r"signature\.wrong_type"):
        desk.settle(relabelled)


def test_message_ids_are_version_seven_and_follow_time() -> None:
    clock = SetClock()
    first = message_id(clock.now(), b"\xff" * 10)
    clock.advance(dt.timedelta(milliseconds=1))
    second = message_id(clock.now(), bytes(10))

    assert (first[6] >> 4, first[8] >> 6) == (7, 2)
    assert first < second

"""Envelopes a hub takes, refuses or keeps unread; none of them stops a stream."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import figures_lab
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kuwei.v1 import statistics_pb2 as pb
from kuwei_hub.fleet.domain import EventKind
from kuwei_hub.statistics.models import Inbox, Statistic
from kuwei_shared.identity.scope import of_service
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import PageRequest
from kuwei_shared.trust import dsse
from kuwei_shared.trust.keys import new_signing_key
from kuwei_shared.wire import envelope as envelopes
from kuwei_shared.wire import statistics as wire
from kuwei_shared.wire.ingest import BATCH_MAX

pytestmark = pytest.mark.integration
CODE, OTHER = "450102000", "450303000"
IDENTITY = figures_lab.identity(CODE)
DAY = dt.date(2026, 3, 20)


def daily(screened: int, *, revision: int = 1, code: str = CODE) -> bytes:
    """Return the figures of a day as a node writes them."""
    one = wire.Figure(measure=wire.Measure.SCREENED, value=screened)
    return wire.encode(
        wire.Daily(
            mof_div_code=code,
            business_day=DAY,
            family=wire.Family.SCREENING,
            revision=revision,
            reason=wire.Reason.FIRST,
            figures=(one,),
        )
    )


def beyond_any_column() -> bytes:
    """Return figures whose version the wire carries, and no column holds."""
    message = pb.DailyStatistics.FromString(daily(4))
    message.figures[0].rule_version = 2**31
    return message.SerializeToString()


class Member(figures_lab.Member):
    """A node whose figures and alarms are looked at afterwards."""

    def counted(self) -> list[int]:
        return list(self.session.scalars(select(Statistic.value)))

    def states(self) -> list[str]:
        return list(self.session.scalars(select(Inbox.state).order_by(Inbox.seq)))

    def alarms(self) -> list[str]:
        page = PageRequest()
        found = self.company.events(self.session, of_service(), page, alarms_only=True)
        return [one.kind for one in found.rows]


@pytest.fixture
def member(session: Session) -> Member:
    return Member(session, CODE)


def test_a_batch_is_bounded_before_anything_is_taken(member: Member) -> None:
    one = member.signed(member.envelope(daily(4)))

    with pytest.raises(KuweiError, match=r"batch\.too_big"):
        member.hand_in(*[one] * (BATCH_MAX + 1))

    assert member.states() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sender": f"spiffe://kuwei/node/{OTHER}"}, "envelope.foreign_sender"),
        ({"epoch": 2}, "envelope.wrong_epoch"),
        ({"epoch": 4}, "envelope.wrong_epoch"),
        ({"stream": "payments"}, "envelope.malformed"),
        ({"message_id": b"short"}, "envelope.malformed"),
        ({"prev_sha256": b""}, "envelope.malformed"),
    ],
)
def test_an_envelope_not_of_this_node_and_epoch_is_not_taken(
    member: Member, changes: dict[str, object], code: str
) -> None:
    (ack,) = member.hand_in(member.signed(member.envelope(daily(4), **changes)))

    assert (ack.status, ack.code, ack.seq) == ("rejected", code, 0)
    assert member.states() == []
    assert member.send(daily(5)).status == "applied"


def test_a_stolen_or_changed_envelope_is_not_taken(member: Member) -> None:
    good = member.signed(member.envelope(daily(4)))
    stranger = dsse.sign(good.payload, envelopes.ENVELOPE_TYPE, new_signing_key())
    changed = replace(good, payload=member.signed(member.envelope(daily(9))).payload)
    receipt = dsse.sign(good.payload, envelopes.RECEIPT_TYPE, member.key)

    acks = member.hand_in(stranger, changed, receipt)

    assert {ack.status for ack in acks} == {"rejected"}
    assert all(str(ack.code).startswith("signature.") for ack in acks)
    assert member.counted() == []


def test_a_message_of_the_future_is_kept_and_stops_nothing(member: Member) -> None:
    first = member.send(b"\xff\xff", type="kuwei.v1.Tomorrow")
    second = member.send(daily(4))

    assert (first.status, second.status) == ("applied", "applied")
    assert member.states() == ["unread", "applied"]
    assert member.counted() == [4]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"\xff\xff", "statistics.malformed"),
        (daily(4, code=OTHER), "statistics.foreign"),
        (daily(4).replace(b"screened", b"payee_no"), "statistics.malformed"),
        (beyond_any_column(), "statistics.outside_vocabulary"),
    ],
)
def test_figures_that_cannot_be_applied_are_kept_alarm_and_stop_nothing(
    member: Member, body: bytes, code: str
) -> None:
    bad = member.send(body)
    good = member.send(daily(5, code="450102101"))

    assert (bad.status, bad.code) == ("rejected", code)
    assert good.status == "applied"
    assert member.counted() == [5]
    assert member.alarms() == [EventKind.FIGURES_REJECTED]


def test_an_older_revision_that_comes_late_changes_nothing(member: Member) -> None:
    member.send(daily(7, revision=3))

    late = member.send(daily(4, revision=2))

    assert late.status == "applied"
    assert member.states() == ["applied", "superseded"]
    assert member.counted() == [7]


def test_the_same_again_is_a_duplicate_and_another_under_its_number_a_fork(
    member: Member,
) -> None:
    first = member.signed(member.envelope(daily(4)))
    other = member.signed(member.envelope(daily(9)))

    acks = member.hand_in(first, first, other)

    assert [ack.status for ack in acks] == ["applied", "duplicate", "conflict"]
    assert member.counted() == [4]
    assert member.alarms() == [EventKind.STREAM_CONFLICT]


def test_a_gap_names_what_is_missing_and_a_broken_chain_is_a_fork(
    member: Member,
) -> None:
    member.send(daily(4))
    ahead = member.signed(member.envelope(daily(5), seq=4))
    torn = member.signed(member.envelope(daily(5), prev_sha256=b"x" * 32))

    gap, fork = member.hand_in(ahead, torn)

    assert (gap.status, gap.expected_seq) == ("gap", 2)
    assert fork.status == "conflict"
    assert member.counted() == [4]


def test_a_receipt_says_how_far_each_stream_is_held(member: Member) -> None:
    member.send(daily(4))
    member.send(daily(5, revision=2))

    (receipt,) = member.ingest.receipts(member.session, CODE, IDENTITY, 3)

    held = envelopes.decode_receipt(receipt.payload)
    assert (held.sender, held.stream, held.upto_seq) == (IDENTITY, "stats", 2)
    assert member.ingest.receipts(member.session, CODE, IDENTITY, 4) == []

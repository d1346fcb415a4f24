from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import federation_lab as lab
import pytest
from pace import PATIENCE_S, wait_until
from sqlalchemy import Engine

from kuwei_node.uplink.adapters.hub import GrpcHub
from kuwei_node.uplink.domain import Submitted
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.trust import dsse, keys
from kuwei_shared.trust.dsse import Signed
from kuwei_shared.wire import envelope as envelopes
from kuwei_shared.wire.ingest import AckStatus

pytestmark = pytest.mark.federation

TUESDAY = lab.MONDAY + dt.timedelta(days=1)


class LostAnswers(lab.Line):
    """The hub over a line that loses the answer to every submission."""

    def submit(self, batch: Sequence[Signed]) -> Submitted:
        self.hub.submit(batch)
        raise KuweiError("rpc.unreachable", "回答丢失。", kind=Kind.UNAVAILABLE)


def total(day: dt.date, hits: int, code: str = lab.CODE) -> lab.DayHits:
    return lab.DayHits(code, day, hits)


def signed(member: lab.Member) -> list[Signed]:
    """Everything in the outbox, as it would be sent."""
    with member.work.begin() as session:
        waiting = member.outbox.waiting(session, "stats", 1, after=0, limit=100)
    key = member.identity_folder.signing_key()
    return [dsse.sign(one.payload, envelopes.ENVELOPE_TYPE, key) for one in waiting]


def ready(member: lab.Member, *days: dt.date) -> GrpcHub:
    """Greet, record figures of some days, and return the bare hub."""
    member.line.greet()
    for day in days:
        member.see(day, 1)
        member.line.record()
    return GrpcHub(member.channel, member.clock)


def test_a_figure_arrives_and_counts_once(
    province: lab.Province, member: lab.Member
) -> None:
    member.see(lab.MONDAY, 3)
    member.line.greet()
    member.line.record()

    sent = member.line.send(), member.line.send()

    assert sent == (1, 0)
    assert province.hits() == [total(lab.MONDAY, 3)]


def test_a_late_payment_replaces_the_figure(
    province: lab.Province, member: lab.Member
) -> None:
    member.line.greet()
    for hits in (3, 4, 4):
        member.see(lab.MONDAY, hits)
        member.line.record()
        member.line.send()

    assert province.hits() == [total(lab.MONDAY, 4)]


def test_a_lost_answer_counts_once(province: lab.Province, member: lab.Member) -> None:
    member.see(lab.MONDAY, 3)
    lossy = member.line_over(LostAnswers(GrpcHub(member.channel, member.clock)))
    lossy.greet()
    lossy.record()

    with pytest.raises(KuweiError, match=r"rpc\.unreachable"):
        lossy.send()
    member.line.greet()
    member.line.send()

    assert province.hits() == [total(lab.MONDAY, 3)]


def test_the_same_batch_again_is_all_duplicates(
    province: lab.Province, member: lab.Member
) -> None:
    hub = ready(member, lab.MONDAY, TUESDAY)

    first = hub.submit(signed(member))
    again = hub.submit(signed(member))

    assert [ack.status for ack in first.acks] == [AckStatus.APPLIED] * 2
    assert [ack.status for ack in again.acks] == [AckStatus.DUPLICATE] * 2
    assert province.hits() == [total(lab.MONDAY, 1), total(TUESDAY, 1)]


def test_an_envelope_out_of_turn_is_told_what_is_missing(
    province: lab.Province, member: lab.Member
) -> None:
    hub = ready(member, lab.MONDAY, TUESDAY)

    acks = hub.submit(list(reversed(signed(member)))).acks

    assert [ack.status for ack in acks] == [AckStatus.GAP, AckStatus.APPLIED]
    assert acks[0].expected_seq == 1
    assert province.hits() == [total(lab.MONDAY, 1)]


def test_another_content_under_the_same_number_alarms(
    province: lab.Province, member: lab.Member
) -> None:
    hub = ready(member, lab.MONDAY)
    sent = signed(member)
    hub.submit(sent)
    other = dataclasses.replace(envelopes.decode(sent[0].payload), created_ms=1)
    key = member.identity_folder.signing_key()
    forked = dsse.sign(envelopes.encode(other), envelopes.ENVELOPE_TYPE, key)

    acks = hub.submit([forked]).acks

    assert [ack.status for ack in acks] == [AckStatus.CONFLICT]
    assert province.alarms() == ["alarm_stream_conflict"]


def test_an_envelope_signed_by_another_key_is_not_taken(
    province: lab.Province, member: lab.Member
) -> None:
    hub = ready(member, lab.MONDAY)
    payload = signed(member)[0].payload
    forged = dsse.sign(payload, envelopes.ENVELOPE_TYPE, keys.new_signing_key())

    acks = hub.submit([forged]).acks

    assert [(ack.status, ack.code) for ack in acks] == [
        (AckStatus.REJECTED, "signature.invalid")
    ]
    assert province.hits() == []


def test_figures_of_a_foreign_jurisdiction_are_refused_and_stop_nothing(
    province: lab.Province, member: lab.Member
) -> None:
    member.line.greet()
    member.see(lab.MONDAY, 9, code="450303000")
    member.line.record()
    member.see(TUESDAY, 1)
    member.line.record()

    member.line.send()

    assert province.hits() == [total(TUESDAY, 1)]
    assert province.alarms() == ["alarm_figures_rejected"]


def test_a_hosted_township_is_reported_by_its_county(
    province: lab.Province, member: lab.Member
) -> None:
    member.see(lab.MONDAY, 2, code="450102101")
    member.line.greet()
    member.line.record()

    member.line.send()

    assert province.hits() == [total(lab.MONDAY, 2, code="450102101")]


def test_a_hub_restart_loses_nothing(
    province: lab.Province, member: lab.Member
) -> None:
    ready(member, lab.MONDAY)
    member.line.send()

    province.restart()
    member.see(TUESDAY, 5)
    member.line.record()
    lab.greet_again(member.line)
    member.line.send()

    assert province.hits() == [total(TUESDAY, 5), total(lab.MONDAY, 1)]


def test_a_node_that_was_away_catches_up(
    province: lab.Province, member: lab.Member
) -> None:
    days = [lab.MONDAY + dt.timedelta(days=number) for number in range(30)]
    for revision in range(1, 9):
        for day in days:
            member.see(day, revision)
        member.line.record()

    member.line.greet()
    sent = member.line.send()

    assert sent == 240
    assert {one.day: one.hits for one in province.hits()} == dict.fromkeys(days, 8)


def test_a_restored_database_sends_nothing_until_a_person_confirms(
    province: lab.Province, member: lab.Member, engines: Callable[[], Engine]
) -> None:
    ready(member, lab.MONDAY)
    member.line.send()
    backup = lab.Member(engines(), member.folder, member.clock)
    backup.dial(province)

    with pytest.raises(KuweiError, match=r"stream\.behind") as caught:
        backup.line.greet()
    backup.hang_up()

    assert backup.line.failed(caught.value) == "forked"


def test_a_new_epoch_sends_every_day_again_and_is_seen_as_a_fork(
    province: lab.Province, member: lab.Member
) -> None:
    ready(member, lab.MONDAY)
    member.line.send()
    with member.work.begin() as session:
        begun = member.standing.begin_epoch(session, member.identity_folder.read())
    member.identity_folder.write(begun)
    member.hang_up()
    member.dial(province)

    member.line.greet()
    recorded, sent = member.line.record(), member.line.send()

    assert (begun.epoch, recorded, sent) == (2, 1, 1)
    assert province.hits() == [total(lab.MONDAY, 1)]
    assert province.alarms() == ["alarm_history_fork"]


def test_a_bulletin_reaches_a_node_that_waits(
    province: lab.Province, member: lab.Member
) -> None:
    member.line.greet()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(member.line.listen, 20_000)
        province.announce("catalogue")
        news = waiting.result(PATIENCE_S)

    assert news == {"catalogue": 1}
    assert member.line.listen(50) == {}


def test_waiting_ends_when_the_hub_stops(
    province: lab.Province, member: lab.Member
) -> None:
    member.line.greet()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(member.line.listen, 50_000)
        wait_until(province.waiting, "the node waits")
        province.restart()

        assert waiting.exception(PATIENCE_S) is None or isinstance(
            waiting.exception(), KuweiError
        )

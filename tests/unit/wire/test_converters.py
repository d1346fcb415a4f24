from __future__ import annotations

import datetime as dt
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.rpc import errors
from kuwei_shared.trust import dsse, keys
from kuwei_shared.wire import envelope, ingest, statistics
from kuwei_shared.wire.statistics import Daily, Family, Figure, Measure, Reason, Stage

FIGURES = st.builds(
    Figure,
    measure=st.sampled_from(Measure),
    value=st.integers(-(2**61), 2**61),
    stage=st.none() | st.sampled_from(Stage),
    rule_id=st.none() | st.sampled_from(["GX-U10", "A0108", "UL-1"]),
    rule_version=st.none() | st.integers(0, 99),
    release_id=st.none() | st.sampled_from(["2026.11.3"]),
)
DAILIES = st.builds(
    Daily,
    mof_div_code=st.just("450102000"),
    business_day=st.dates(dt.date(1970, 1, 1), dt.date(2199, 12, 31)),
    family=st.sampled_from(Family),
    revision=st.integers(1, 2**31),
    reason=st.sampled_from(Reason),
    figures=st.lists(FIGURES, max_size=5).map(tuple),
)
ENVELOPES = st.builds(
    envelope.Envelope,
    message_id=st.binary(min_size=16, max_size=16),
    sender=st.just("spiffe://fiscal.gx/node/450102000"),
    epoch=st.integers(1, 2**63),
    stream=st.sampled_from(["stats", "rollout"]),
    seq=st.integers(1, 2**63),
    prev_sha256=st.binary(min_size=32, max_size=32),
    type=st.just(statistics.DAILY_TYPE),
    schema_rev=st.just(1),
    business_day=st.dates(dt.date(1970, 1, 1), dt.date(2199, 12, 31)),
    created_ms=st.integers(0, 2**62),
    body=st.binary(max_size=50),
    catalogue=st.none() | st.just("2026.11.3"),
)


@given(one=ENVELOPES)
def test_an_envelope_loses_nothing_on_the_wire(one: envelope.Envelope) -> None:
    assert envelope.decode(envelope.encode(one)) == one


@given(one=DAILIES)
def test_daily_figures_lose_nothing_on_the_wire(one: Daily) -> None:
    assert statistics.decode(statistics.encode(one)) == one


@given(noise=st.binary(max_size=300))
def test_noise_is_refused_and_nothing_else_is_raised(noise: bytes) -> None:
    for read in (envelope.decode, statistics.decode, envelope.decode_receipt):
        with suppress(KuweiError):
            read(noise)


@pytest.mark.parametrize(
    "figure",
    [
        Figure(measure=Measure.HITS, value=1, rule_id="张三 6222021234567890"),
        Figure(measure=Measure.HITS, value=1, release_id="付工程款"),
        Figure(measure=Measure.HITS, value=2**63 - 1),
    ],
)
def test_text_outside_the_vocabulary_cannot_be_sent(figure: Figure) -> None:
    daily = Daily(
        mof_div_code="450102000",
        business_day=dt.date(2026, 1, 5),
        family=Family.RULES,
        revision=1,
        reason=Reason.FIRST,
        figures=(figure,),
    )

    with pytest.raises(KuweiError, match=r"statistics\.outside_vocabulary"):
        statistics.encode(daily)


def test_a_signed_message_keeps_its_bytes() -> None:
    signed = dsse.sign(b"\x00figures", envelope.ENVELOPE_TYPE, keys.new_signing_key())

    assert envelope.from_message(envelope.to_message(signed)) == signed


@pytest.mark.parametrize("status", list(ingest.AckStatus))
def test_an_acknowledgement_keeps_its_status(status: ingest.AckStatus) -> None:
    ack = ingest.Ack(stream="stats", seq=3, status=status, expected_seq=2, code="x")

    assert ingest.from_message(ingest.to_message(ack)) == ack


@pytest.mark.parametrize("kind", list(Kind))
def test_an_error_keeps_its_type_through_the_trailer(kind: Kind) -> None:
    error = KuweiError(
        "a.b", "一句话。", kind=kind, details={"place": "x"}, retry_after_s=3
    )

    again = errors.decode(errors.encode(error))

    assert (again.code, again.kind, again.message) == ("a.b", kind, "一句话。")
    assert (again.details, again.retry_after_s) == ({"place": "x"}, 3)


def test_a_trailer_of_somebody_else_is_not_ours() -> None:
    with pytest.raises(ValueError, match=r"kuwei-error-bin|not a valid Kind"):
        errors.decode(b"\xff\xff")

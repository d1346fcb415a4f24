"""Whatever a node says fits into what a hub receives at once."""

from __future__ import annotations

import datetime as dt

from kuwei.v1 import distribution_pb2, ingest_pb2
from kuwei_shared.releases.adoption import (
    ADOPTION_TYPE,
    REASON_CHARS_MAX,
    REPORTS_MAX,
    AdoptionReport,
    AdoptionState,
)
from kuwei_shared.rpc.options import MESSAGE_BYTES_MAX
from kuwei_shared.trust import dsse, keys
from kuwei_shared.wire import adoption, envelope, statistics
from kuwei_shared.wire.bounds import EPOCH_MAX
from kuwei_shared.wire.ingest import BATCH_BYTES_MAX, BATCH_MAX, ENVELOPE_BYTES_MAX
from kuwei_shared.wire.statistics import (
    FIGURES_MAX,
    RULE_VERSION_MAX,
    VALUE_MAX,
    Daily,
    Family,
    Figure,
    Measure,
    Reason,
    Stage,
)

KEY = keys.new_signing_key()
LONGEST = max(Measure, key=len)


def largest_day() -> bytes:
    """Return the serialised form of the largest daily statistics there can be."""
    figure = Figure(
        measure=LONGEST,
        value=1 - VALUE_MAX,  # negative numbers take the most bytes
        stage=Stage.REQUEST,
        rule_id="R" * 40,
        rule_version=RULE_VERSION_MAX,
        release_id="r" * 80,
    )
    daily = Daily(
        mof_div_code="450102000",
        business_day=dt.date(2199, 12, 31),
        family=Family.SCREENING,
        revision=2**31,
        reason=Reason.RESTORED,
        figures=(figure,) * FIGURES_MAX,
    )
    return statistics.encode(daily)


def sealed(body: bytes) -> bytes:
    return envelope.encode(
        envelope.Envelope(
            message_id=bytes(16),
            sender="spiffe://fiscal.gx/node/450102000",
            epoch=EPOCH_MAX,
            stream="evidence",
            seq=2**63,
            prev_sha256=bytes(32),
            type=statistics.DAILY_TYPE,
            schema_rev=1,
            business_day=dt.date(2199, 12, 31),
            created_ms=2**62,
            body=body,
            catalogue="r" * 80,
        )
    )


def test_the_largest_day_is_an_envelope_the_outbox_takes() -> None:
    assert len(sealed(largest_day())) <= ENVELOPE_BYTES_MAX


def test_the_largest_envelope_alone_fits() -> None:
    largest = ENVELOPE_BYTES_MAX - len(sealed(b"")) - 4
    payload = sealed(b"x" * largest)
    signed = dsse.sign(payload, envelope.ENVELOPE_TYPE, KEY)

    alone = ingest_pb2.SubmitBatchRequest(envelopes=[envelope.to_message(signed)])

    assert len(payload) in range(ENVELOPE_BYTES_MAX - 2, ENVELOPE_BYTES_MAX + 1)
    assert alone.ByteSize() < MESSAGE_BYTES_MAX


def test_the_fullest_batch_fits() -> None:
    payload = sealed(b"x" * (BATCH_BYTES_MAX // BATCH_MAX - 400))
    signed = dsse.sign(payload, envelope.ENVELOPE_TYPE, KEY)

    batch = ingest_pb2.SubmitBatchRequest(
        envelopes=[envelope.to_message(signed)] * BATCH_MAX
    )

    assert batch.ByteSize() < MESSAGE_BYTES_MAX


def test_the_most_and_longest_reports_fit() -> None:
    report = AdoptionReport(
        node_code="450102000",
        epoch=EPOCH_MAX,
        seq=EPOCH_MAX,
        version="2026.12.9999",
        serial=EPOCH_MAX,
        state=AdoptionState.FAILED,
        happened_at=dt.datetime(2199, 12, 31, tzinfo=dt.UTC),
        reason="因" * REASON_CHARS_MAX,
        reason_code="c" * adoption.CODE_CHARS_MAX,
        agent_version="v" * 40,
    )
    signed = dsse.sign(adoption.encode(report), ADOPTION_TYPE, KEY)

    batch = distribution_pb2.ReportActivationRequest(
        reports=[envelope.to_message(signed)] * REPORTS_MAX
    )

    assert batch.ByteSize() < MESSAGE_BYTES_MAX

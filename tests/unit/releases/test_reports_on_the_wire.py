from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from kuwei.v1 import distribution_pb2 as pb
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.releases.adoption import (
    SERIAL_UNKNOWN,
    AdoptionReport,
    AdoptionState,
)
from kuwei_shared.releases.assignment import parse_rollout
from kuwei_shared.wire import adoption as wire

REPORT = AdoptionReport(
    node_code="450102000",
    epoch=2,
    seq=7,
    version="2026.1.3",
    serial=3,
    state=AdoptionState.FAILED,
    happened_at=dt.datetime(2026, 1, 5, 8, 30, tzinfo=dt.UTC),
    reason_code="catalogue.example_failed",
    reason="GX-U10 例“差一分”不成立",
    agent_version="0.1.0",
)


def test_a_report_survives_the_wire() -> None:
    assert wire.decode(wire.encode(REPORT)) == REPORT


def test_a_refusal_of_what_could_not_be_looked_at_survives_the_wire() -> None:
    unseen = replace(REPORT, version="", serial=SERIAL_UNKNOWN)

    assert wire.decode(wire.encode(unseen)) == unseen


def test_a_long_reason_is_cut_not_refused() -> None:
    long = replace(REPORT, reason="长" * 5_000)

    assert len(wire.decode(wire.encode(long)).reason) == 2_000


@pytest.mark.parametrize(
    "change",
    [
        {"state": pb.ADOPTION_STATE_UNSPECIFIED},
        {"seq": 0},
        {"serial": 0, "state": pb.ADOPTION_STATE_TOLD},
        {"epoch": 2**40},
        {"version": "9" * 40},
        {"reason": "长" * 2_001},
        {"happened_ms": -1},
    ],
)
def test_a_report_out_of_bounds_is_refused(change: dict[str, int | str]) -> None:
    message = pb.AdoptionReport.FromString(wire.encode(REPORT))
    for name, value in change.items():
        setattr(message, name, value)

    with pytest.raises(KuweiError, match=r"report\.malformed"):
        wire.decode(message.SerializeToString())


def test_bytes_that_are_no_report_are_refused() -> None:
    with pytest.raises(KuweiError, match=r"report\.malformed"):
        wire.decode(b"\xff\xff")


@pytest.mark.parametrize("data", [b"[]", b"{}", b"{", b'{"nodes": {"450102000": 1}}'])
def test_a_malformed_rollout_is_refused(data: bytes) -> None:
    with pytest.raises(KuweiError, match=r"release\.malformed"):
        parse_rollout(data, "450102000")

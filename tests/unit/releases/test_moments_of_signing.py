"""When a timestamp says it was signed is checked, whoever signed it."""

from __future__ import annotations

import pytest
from release_lab import Node, Province
from tuf.api.metadata import Metadata, Timestamp

from kuwei_shared.releases.layout import SIGNED_AT

STAMP = "metadata/timestamp.json"


def stamped(province: Province, moment: object) -> bytes:
    """Return the province's timestamp saying another moment, its key being right."""
    stamp = Metadata[Timestamp].from_bytes(province.copy_state()[STAMP])
    stamp.signed.version += 1
    stamp.signed.unrecognized_fields[SIGNED_AT] = moment
    stamp.sign(province.online.timestamp)
    return stamp.to_bytes()


@pytest.mark.parametrize(
    "moment",
    [None, 7, "", "gestern", "2026-02-30T00:00:00+00:00", "2026-01-05T01:00:00"],
)
def test_a_timestamp_without_a_moment_is_refused_though_its_key_is_right(
    province: Province, node: Node, moment: object
) -> None:
    province.publish(1)
    node.take(1)
    node.channel.swapped[STAMP] = stamped(province, moment)

    answer = node.refused()

    assert answer == "release.malformed"


def test_a_moment_far_ahead_is_refused_and_not_remembered(
    province: Province, node: Node
) -> None:
    province.publish(1)
    node.take(1)
    before = (node.client.folder / "floors.json").read_bytes()
    node.channel.swapped[STAMP] = stamped(province, "2999-01-01T00:00:00+00:00")

    answer = node.refused()

    assert answer == "clock.behind"
    assert (node.client.folder / "floors.json").read_bytes() == before

"""Online keys are exchanged: versions go on growing, nodes go on, thieves do not."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest
from release_lab import HOLDERS, Node, Province, signers
from tuf.api.metadata import Metadata, Snapshot, Timestamp

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.releases.keys import KeyFolder
from kuwei_shared.releases.layout import SIGNED_AT, RoleName
from kuwei_shared.releases.repository import Trust

FAR_AHEAD = 2**40


def rotate(province: Province) -> None:
    """Exchange the online keys as the hub does."""
    renewed = province.keys.renew_online()
    fresh = {role: [key] for role, key in renewed.public.items()}
    kept = {role: province.keys.public(role) for role in HOLDERS}
    trust = Trust(keys=kept | fresh)
    roots = signers(province.keys, RoleName.ROOT)
    province.repository.rotate_root(trust, old=roots, new=())
    top = signers(province.keys, RoleName.TARGETS)
    province.repository.reseal(signers=top, online=renewed.online)
    province.keys.adopt(renewed)
    province.online = province.keys.online()


def versions(province: Province) -> list[int]:
    """Return the version of timestamp, snapshot, targets and director."""
    stamp = province.repository.timestamp()
    path = f"metadata/{stamp.snapshot_meta.version}.snapshot.json"
    snapshot = Metadata[Snapshot].from_bytes(province.copy_state()[path]).signed
    below = [snapshot.meta[f"{role}.json"].version for role in ("targets", "director")]
    return [stamp.version, snapshot.version, *below]


def forge_timestamp(province: Province, version: int = FAR_AHEAD) -> bytes:
    """Sign a timestamp with the online key, as somebody who stole it."""
    stamp = Metadata(province.repository.timestamp())
    stamp.signed.version = version
    moment = province.clock.now()
    stamp.signed.expires = moment + dt.timedelta(days=300)
    stamp.signed.unrecognized_fields[SIGNED_AT] = moment.isoformat()
    stamp.sign(province.online.timestamp)
    return stamp.to_bytes()


def test_every_version_goes_on_growing(province: Province) -> None:
    province.publish(1)
    found = [versions(province)]
    for turn in (2, 3):
        rotate(province)
        found.append(versions(province))
        province.publish(turn)
        found.append(versions(province))

    stamps, snapshots, targets, directors = zip(*found, strict=True)
    for role in (stamps, snapshots, targets):
        assert list(role) == sorted(set(role))
    assert list(directors) == sorted(directors)
    assert directors[0] < directors[-1]


def test_a_node_with_an_older_state_goes_on(province: Province, node: Node) -> None:
    province.publish(1, b"one")
    province.assign("450102000", 1)
    node.take(1)

    rotate(province)
    after = node.versions()
    province.publish(2, b"two")
    province.assign("450102000", 2)

    assert after == [1]
    assert node.take(2) == b"two"
    with node.client.opened() as view:
        assignment = view.assignment("450102000")
    assert assignment is not None
    assert assignment.version == "2026.11.2"


def test_a_node_that_slept_through_three_rotations_goes_on(
    province: Province, node: Node
) -> None:
    province.publish(1, b"one")
    node.take(1)

    for _ in range(3):
        rotate(province)
        province.clock.advance(dt.timedelta(hours=7))
        province.resign()
    node.clock.moment = province.clock.moment

    assert node.take(1) == b"one"


def test_a_node_that_never_asked_starts_after_a_rotation(
    province: Province, node: Node
) -> None:
    province.publish(1, b"one")
    rotate(province)

    assert node.take(1) == b"one"


def test_the_state_before_a_rotation_does_not_come_back(
    province: Province, node: Node
) -> None:
    province.publish(1)
    old = province.copy_state()
    rotate(province)
    node.versions()

    node.channel.state = old

    assert node.refused() == "release.unsigned"


def test_nor_does_it_where_the_cache_was_lost(province: Province, node: Node) -> None:
    province.publish(1)
    old = province.copy_state()
    rotate(province)
    node.versions()
    shutil.rmtree(node.client.folder / "metadata")

    node.channel.state = old

    assert node.refused() == "release.rollback"


def test_an_older_state_under_the_new_keys_is_refused(
    province: Province, node: Node
) -> None:
    rotate(province)
    old = province.copy_state()
    province.publish(1)
    node.versions()
    shutil.rmtree(node.client.folder / "metadata")

    node.channel.state = old

    assert node.refused() == "release.rollback"


def test_a_stolen_timestamp_key_signs_nothing_after_a_rotation(
    province: Province, node: Node
) -> None:
    forged = forge_timestamp(province)
    rotate(province)
    node.versions()

    node.channel.swapped["metadata/timestamp.json"] = forged

    assert node.refused() == "release.unsigned"


def test_a_node_a_thief_sent_far_ahead_is_brought_back_by_a_rotation(
    province: Province, node: Node
) -> None:
    province.publish(1, b"one")
    node.channel.swapped["metadata/timestamp.json"] = forge_timestamp(province)
    assert node.versions() == [1]
    node.channel.swapped.clear()
    province.resign()
    assert node.refused() == "release.rollback"

    rotate(province)

    assert node.take(1) == b"one"
    assert (
        Metadata[Timestamp]
        .from_file(str(node.client.folder / "metadata" / "timestamp.json"))
        .signed.version
        < FAR_AHEAD
    )


def test_nothing_is_signed_with_keys_the_root_does_not_name(
    province: Province, tmp_path: Path
) -> None:
    fresh = KeyFolder(tmp_path / "fresh", "口令")
    fresh.create({role: province.keys.holders(role) for role in RoleName})
    before = province.copy_state()
    province.online = fresh.online()

    for act in (province.resign, lambda: province.assign("450102000", 1)):
        with pytest.raises(KuweiError, match=r"release\.stale_keys"):
            act()
    assert (
        province.copy_state()["metadata/timestamp.json"]
        == (before["metadata/timestamp.json"])
    )


def test_floors_of_an_earlier_version_end_at_a_rotation(
    province: Province, node: Node
) -> None:
    floors = node.client.folder / "floors.json"
    floors.parent.mkdir(parents=True, exist_ok=True)
    kept = {"timestamp_version": FAR_AHEAD, "serial_min": 1, "signed_at": None}
    floors.write_text(json.dumps(kept))
    assert node.refused() == "release.rollback"

    rotate(province)
    province.publish(1)

    assert node.versions() == [1]
    assert json.loads(floors.read_text())["timestamp_version"] < FAR_AHEAD


def test_floors_of_an_earlier_version_keep_their_timestamp(
    province: Province, node: Node
) -> None:
    province.publish(1)
    old = province.copy_state()
    province.publish(2)
    node.versions()
    floors = node.client.folder / "floors.json"
    kept = {"timestamp_version": 3, "serial_min": 1, "signed_at": None}
    floors.write_text(json.dumps(kept))
    shutil.rmtree(node.client.folder / "metadata")

    node.channel.state = old

    assert node.refused() == "release.rollback"

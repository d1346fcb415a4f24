from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
from release_lab import Node, Province, signers, trust_of
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, TargetFile, Targets

from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.releases.keys import KeyFolder
from kuwei_shared.releases.layout import RoleName, Stamp


def test_an_older_repository_state_is_refused(province: Province, node: Node) -> None:
    province.publish(1)
    old = province.copy_state()
    province.publish(2)
    node.take(2)

    node.channel.state = old

    assert node.refused() == "release.rollback"


def test_rollback_is_refused_even_when_the_cache_was_lost(
    province: Province, node: Node
) -> None:
    province.publish(1)
    old = province.copy_state()
    province.publish(2)
    node.take(2)
    shutil.rmtree(node.client.folder / "metadata")

    node.channel.state = old

    assert node.refused() == "release.rollback"


def test_a_frozen_repository_is_refused_after_a_day(
    province: Province, node: Node
) -> None:
    province.publish(1)
    node.take(1)

    node.clock.advance(dt.timedelta(hours=25))

    assert node.refused() == "release.expired"


def test_signing_again_keeps_a_quiet_repository_alive(
    province: Province, node: Node
) -> None:
    province.publish(1)
    for _ in range(40):
        province.clock.advance(dt.timedelta(hours=6))
        province.resign()

    node.clock.moment = province.clock.moment

    assert node.versions() == [1]


def test_a_changed_bundle_is_refused_and_leaves_no_file(
    province: Province, node: Node
) -> None:
    province.publish(1)
    path = next(p for p in province.copy_state() if p.endswith(".kwc"))
    node.channel.corrupt(path)

    with pytest.raises(KuweiError) as refusal:
        node.take(1)

    assert refusal.value.code == "release.tampered"
    assert not list((node.client.folder / "bundles").glob("catalogue*"))


def test_endless_data_is_cut_off(province: Province, node: Node) -> None:
    province.publish(1)
    node.channel.endless = True

    with pytest.raises(KuweiError) as refusal:
        node.take(1)

    assert refusal.value.code == "release.too_large"


def test_endless_metadata_is_cut_off(node: Node) -> None:
    node.channel.corrupt("metadata/timestamp.json", add=b" " * 20_000)

    assert node.refused() == "release.too_large"


@pytest.mark.parametrize(
    "path",
    ["metadata/timestamp.json", "metadata/2.snapshot.json", "metadata/2.targets.json"],
)
def test_edited_metadata_is_refused(province: Province, node: Node, path: str) -> None:
    province.publish(1)

    node.channel.edit(path, "expires", "2099-01-01T00:00:00Z")

    assert node.refused() == "release.unsigned"


def test_a_timestamp_cannot_run_ahead_without_a_signature(node: Node) -> None:
    node.channel.edit("metadata/timestamp.json", "version", 2**40)

    assert node.refused() == "release.unsigned"


def test_states_cannot_be_mixed(province: Province, node: Node) -> None:
    province.publish(1)
    old_targets = province.copy_state()["metadata/2.targets.json"]
    province.publish(2)

    node.channel.swapped["metadata/3.targets.json"] = old_targets

    assert node.refused() == "release.rollback"


def test_one_holder_alone_cannot_publish(province: Province) -> None:
    alone = signers(province.keys, RoleName.TARGETS, 1)
    stamp = Stamp(version="2026.11.1", serial=1)

    with pytest.raises(KuweiError) as refusal:
        province.repository.publish(
            b"", stamp, signers=alone * 2, online=province.online
        )

    assert refusal.value.code == "release.threshold"


def test_targets_below_threshold_are_refused_by_the_node(
    province: Province, node: Node
) -> None:
    province.publish(1)
    path = "metadata/2.targets.json"
    stripped = Metadata[Targets].from_bytes(province.copy_state()[path])
    stripped.signatures.popitem()

    node.channel.swapped[path] = stripped.to_bytes()

    assert node.refused() == "release.unsigned"


def test_stolen_online_keys_cannot_add_a_release(
    province: Province, node: Node
) -> None:
    province.publish(1)
    path = "metadata/2.targets.json"
    forged = Metadata[Targets].from_bytes(province.copy_state()[path])
    evil = TargetFile.from_data("catalogue/2026.11.9.kwc", b"evil")
    forged.signed.targets[evil.path] = evil
    forged.signatures.clear()
    for thief in (province.online.snapshot, province.online.timestamp):
        forged.sign(thief, append=True)

    node.channel.swapped[path] = forged.to_bytes()

    assert node.refused() == "release.unsigned"


def test_the_director_cannot_name_what_nobody_approved(
    province: Province, node: Node
) -> None:
    province.publish(1)
    province.assign("450102000", 7)

    with node.client.opened() as view:
        assignment = view.assignment("450102000")
        assert assignment is not None
        with pytest.raises(KuweiError) as refusal:
            view.bundle(assignment.version)

    assert refusal.value.code == "release.not_approved"


def test_a_withdrawn_release_is_refused_for_good(
    province: Province, node: Node
) -> None:
    province.publish(1)
    node.take(1)
    province.publish(2, floor=2)

    with node.client.opened() as view, pytest.raises(KuweiError) as refusal:
        view.bundle("2026.11.1")

    assert refusal.value.code == "release.not_approved"
    assert view.floors.serial_min == 2
    with pytest.raises(KuweiError, match=r"release\.withdrawn"):
        view.floors.check_serial(1)


def delegated(province: Province) -> CryptoSigner:
    """Let 450100000 sign overlays; return its key."""
    city = CryptoSigner.generate_ed25519()
    province.repository.delegate(
        "450100000",
        [city.public_key],
        signers=signers(province.keys, RoleName.TARGETS),
        online=province.online,
        first=province.overlay("450100000", city, ["overlay/450100000/a.kwc"]),
    )
    return city


def test_an_overlay_role_is_not_believed_outside_its_path(
    province: Province, node: Node
) -> None:
    city = delegated(province)
    greedy = ["overlay/450100000/a.kwc", "catalogue/2026.11.9.kwc"]
    path = "metadata/1.overlay-450100000.json"
    node.channel.swapped[path] = province.overlay("450100000", city, greedy)

    with node.client.opened() as view:
        find = view._updater.get_targetinfo
        assert find("overlay/450100000/a.kwc") is not None
        assert find("overlay/450300000/a.kwc") is None
        with pytest.raises(KuweiError, match="not_approved"):
            view.bundle("2026.11.9")


def test_the_province_does_not_take_an_overlay_outside_its_path(
    province: Province,
) -> None:
    city = CryptoSigner.generate_ed25519()
    greedy = province.overlay("450100000", city, ["overlay/450300000/a.kwc"])

    with pytest.raises(KuweiError) as refusal:
        province.repository.delegate(
            "450100000",
            [city.public_key],
            signers=signers(province.keys, RoleName.TARGETS),
            online=province.online,
            first=greedy,
        )

    assert refusal.value.code == "release.outside_path"


def test_another_province_is_refused(province: Province, tmp_path: Path) -> None:
    other = Province.found(tmp_path / "other", SetClock())
    node = Node.pinned(province, tmp_path / "node", root=other.root)

    assert node.refused() == "release.unsigned"


def test_a_slow_clock_cannot_revive_expired_signatures(node: Node) -> None:
    node.versions()

    node.clock.advance(dt.timedelta(days=-400))

    assert node.refused() == "clock.behind"


def test_a_clock_a_few_minutes_behind_is_tolerated(node: Node) -> None:
    node.versions()

    node.clock.advance(dt.timedelta(minutes=-9))

    assert node.refused() == "accepted"


def test_keys_rotated_ten_times_are_followed(
    province: Province, node: Node, tmp_path: Path
) -> None:
    province.publish(1)
    node.versions()
    keys = province.keys
    for turn in range(10):
        fresh = KeyFolder(tmp_path / f"keys-{turn}", "口令")
        fresh.create({role: keys.holders(role) for role in RoleName})
        old, new = signers(keys, RoleName.ROOT), signers(fresh, RoleName.ROOT)
        province.repository.rotate_root(trust_of(fresh), old=old, new=new)
        keys = fresh
    province.repository.reseal(
        signers=signers(keys, RoleName.TARGETS), online=keys.online()
    )

    assert node.take(1) == b"rules"


def test_a_root_signed_by_strangers_is_refused(node: Node, tmp_path: Path) -> None:
    other = Province.found(tmp_path / "other", SetClock())

    node.channel.swapped["metadata/2.root.json"] = other.root

    assert node.refused() in {"release.unsigned", "release.rollback"}


def test_an_unreachable_hub_is_no_verdict(node: Node) -> None:
    node.channel.down = KuweiError("hub.away", "不通", kind=Kind.UNAVAILABLE)

    assert node.refused() == "release.unreachable"


def test_a_refused_state_is_not_cached(province: Province, node: Node) -> None:
    province.publish(1)
    node.versions()
    before = (node.client.folder / "metadata" / "timestamp.json").read_bytes()
    node.channel.edit("metadata/timestamp.json", "version", 99)

    node.refused()

    after = (node.client.folder / "metadata" / "timestamp.json").read_bytes()
    assert after == before


def test_two_processes_do_not_share_a_cache(node: Node) -> None:
    with node.client.opened():
        assert node.refused() == "release.busy"

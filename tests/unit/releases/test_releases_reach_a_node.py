from __future__ import annotations

from pathlib import Path

import pytest
from release_lab import Node, Province

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.releases.client import ReleaseClient
from kuwei_shared.releases.fetcher import FilesFetcher
from kuwei_shared.releases.files import FolderFiles
from kuwei_shared.releases.keys import KeyFolder
from kuwei_shared.releases.layout import RoleName, Stamp, check_path


def test_a_published_bundle_arrives_unchanged(province: Province, node: Node) -> None:
    province.publish(1, b"sixty rules")

    assert node.take(1) == b"sixty rules"


def test_a_bundle_is_downloaded_once(province: Province, node: Node) -> None:
    province.publish(1)
    node.take(1)
    node.take(1)

    assert sum(path.endswith(".kwc") for path in node.channel.asked) == 1


def test_a_quiet_poll_asks_two_files(province: Province, node: Node) -> None:
    province.publish(1)
    node.versions()
    node.channel.asked.clear()

    node.versions()

    assert node.channel.asked == ["metadata/2.root.json", "metadata/timestamp.json"]


def test_a_folder_on_a_stick_is_read_by_the_same_client(
    province: Province, tmp_path: Path
) -> None:
    province.publish(1)
    stick = FilesFetcher(FolderFiles(province.folder / "repository"))
    client = ReleaseClient(
        tmp_path / "apart", bootstrap=province.root, fetcher=stick, clock=province.clock
    )

    with client.opened() as view:
        assert [bundle.version for bundle in view.releases()] == ["2026.11.1"]


def test_an_assignment_names_each_node_its_release(
    province: Province, node: Node
) -> None:
    province.publish(1)
    province.assign("450102000", 1)

    with node.client.opened() as view:
        mine, other = view.assignment("450102000"), view.assignment("450303000")

    assert mine is not None
    assert mine.version == "2026.11.1"
    assert other is None


def test_before_the_first_assignment_there_is_none(node: Node) -> None:
    with node.client.opened() as view:
        assert view.assignment("450102000") is None


def test_a_version_is_given_out_once(province: Province) -> None:
    province.publish(1)

    with pytest.raises(KuweiError, match=r"release\.published"):
        province.publish(1)


def test_an_earlier_release_stays_available_above_the_floor(
    province: Province, node: Node
) -> None:
    province.publish(1, b"one")
    province.publish(2, b"two")

    assert node.take(2) == b"two"
    assert node.take(1) == b"one"


def test_keys_at_rest_need_their_passphrase(province: Province) -> None:
    stolen = KeyFolder(province.keys.folder, "猜的口令")

    with pytest.raises(KuweiError, match=r"keys\.locked"):
        stolen.online()
    assert b"ENCRYPTED" in (province.keys.folder / "root-1.pem").read_bytes()


def test_keys_are_never_overwritten(province: Province) -> None:
    with pytest.raises(KuweiError, match=r"keys\.exist"):
        province.keys.create({RoleName.ROOT: ["甲岗"]})


def test_only_a_holder_signs(province: Province) -> None:
    with pytest.raises(KuweiError, match=r"keys\.no_holder"):
        province.keys.signer(RoleName.TARGETS, "监控岗")


@pytest.mark.parametrize(
    "path", ["../etc/passwd", "/etc/passwd", "metadata/../../x", "metadata/", "other/x"]
)
def test_paths_cannot_leave_the_repository(path: str) -> None:
    with pytest.raises(KuweiError, match=r"release\.bad_path"):
        check_path(path)


@pytest.mark.parametrize("version", ["1", "2026.11", "2026.11.3-rc", "../x"])
def test_a_version_has_one_form(version: str) -> None:
    with pytest.raises(KuweiError, match=r"release\.bad_version"):
        Stamp(version=version, serial=1)

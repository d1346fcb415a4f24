"""The province's signing keys: never overwritten, never in the clear, one a holder."""

from __future__ import annotations

from pathlib import Path

import pytest
from release_lab import APPROVER, AUTHOR, HOLDERS

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.releases.keys import KeyFolder
from kuwei_shared.releases.layout import RoleName


@pytest.fixture
def keys(tmp_path: Path) -> KeyFolder:
    made = KeyFolder(tmp_path / "keys", "口令")
    made.create(HOLDERS)
    return made


def test_keys_are_made_once(keys: KeyFolder) -> None:
    before = {path: path.read_bytes() for path in keys.folder.iterdir()}

    with pytest.raises(KuweiError, match=r"keys\.exist"):
        keys.create(HOLDERS)

    assert {path: path.read_bytes() for path in keys.folder.iterdir()} == before


def test_without_a_passphrase_no_key_is_made(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path / "keys", "")

    with pytest.raises(KuweiError, match=r"keys\.no_passphrase"):
        folder.create(HOLDERS)

    assert not list(tmp_path.rglob("*.pem"))


@pytest.mark.parametrize("passphrase", ["", "别的口令"])
def test_another_passphrase_unlocks_nothing(keys: KeyFolder, passphrase: str) -> None:
    other = KeyFolder(keys.folder, passphrase)

    with pytest.raises(KuweiError, match=r"keys\.locked"):
        other.signer(RoleName.TARGETS, AUTHOR)


@pytest.mark.parametrize(
    ("role", "holder"),
    [
        (RoleName.TARGETS, "陌生人"),
        (RoleName.TIMESTAMP, APPROVER),
        (RoleName.TARGETS, ""),
    ],
)
def test_who_holds_no_key_of_a_role_does_not_sign(
    keys: KeyFolder, role: RoleName, holder: str
) -> None:
    with pytest.raises(KuweiError, match=r"keys\.no_holder"):
        keys.signer(role, holder)


def test_an_empty_folder_says_how_keys_are_made(tmp_path: Path) -> None:
    with pytest.raises(KuweiError, match=r"keys\.none.*release-init"):
        KeyFolder(tmp_path, "口令").holders(RoleName.ROOT)


def test_private_keys_are_encrypted_and_their_owners_alone(keys: KeyFolder) -> None:
    files = [path for path in keys.folder.iterdir() if path.suffix == ".pem"]

    assert files
    assert all(b"ENCRYPTED" in path.read_bytes() for path in files)
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_no_two_holders_share_a_key(keys: KeyFolder) -> None:
    public = [key.keyid for role in HOLDERS for key in keys.public(role)]

    assert len(set(public)) == len(public) == sum(map(len, HOLDERS.values()))


def test_fresh_online_keys_sign_once_they_are_adopted(keys: KeyFolder) -> None:
    former = keys.online()

    renewed = keys.renew_online()
    waiting = keys.online()
    keys.adopt(renewed)

    named = [one.timestamp.public_key.keyid for one in (former, waiting, keys.online())]
    assert named[0] == named[1] != named[2] == renewed.online.timestamp.public_key.keyid
    assert keys.holders(RoleName.TIMESTAMP) == list(HOLDERS[RoleName.TIMESTAMP])


def test_no_key_is_overwritten_by_a_fresh_one(keys: KeyFolder) -> None:
    before = {path: path.read_bytes() for path in keys.folder.glob("*.pem")}

    for _ in range(2):
        keys.adopt(keys.renew_online())

    after = {path: path.read_bytes() for path in keys.folder.glob("*.pem")}
    assert before.items() <= after.items()
    assert len(after) == len(before) + 6

from __future__ import annotations

import dataclasses
import secrets
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.trust import enrolment, fingerprints, keys
from kuwei_shared.trust.enrolment import Application

SECRET = secrets.token_bytes(enrolment.SECRET_BYTES)
APPLICATION = Application(
    token_id=bytes(16),
    node_code="450102000",
    csr_der=b"csr",
    signing_key=bytes(32),
    host_name="treasury-1",
    platform="Linux",
    agent_version="0.1.0",
)


def test_who_holds_the_secret_can_seal_an_application() -> None:
    mac = enrolment.seal(SECRET, APPLICATION)

    assert enrolment.is_sealed(SECRET, APPLICATION, mac)
    assert not enrolment.is_sealed(bytes(32), APPLICATION, mac)


@pytest.mark.parametrize("name", [one.name for one in dataclasses.fields(Application)])
def test_every_field_is_under_the_seal(name: str) -> None:
    mac = enrolment.seal(SECRET, APPLICATION)
    value = getattr(APPLICATION, name)
    altered: Any = value + (b"x" if isinstance(value, bytes) else "x")  # either type
    other = dataclasses.replace(APPLICATION, **{name: altered})

    assert not enrolment.is_sealed(SECRET, other, mac)


@given(left=st.text(max_size=8), right=st.text(max_size=8))
def test_text_cannot_move_between_fields(left: str, right: str) -> None:
    one = dataclasses.replace(APPLICATION, host_name=left + right, platform="")
    other = dataclasses.replace(APPLICATION, host_name=left, platform=right)

    assert (one.digest() == other.digest()) == (right == "")


def test_only_the_holder_of_the_signing_key_may_poll() -> None:
    key, other = keys.new_signing_key(), keys.new_signing_key()
    proof = enrolment.poll_proof(key, APPLICATION.token_id)

    assert enrolment.is_polled_by(key.public_key(), APPLICATION.token_id, proof)
    assert not enrolment.is_polled_by(other.public_key(), APPLICATION.token_id, proof)
    assert not enrolment.is_polled_by(key.public_key(), bytes(15) + b"x", proof)


def test_a_fingerprint_is_six_words_and_changes_with_the_key() -> None:
    one = fingerprints.words(b"tls", b"signing")
    other = fingerprints.words(b"tls", b"signinh")

    assert [len(word) for word in one.split()] == [2] * 6
    assert one != other
    assert one != fingerprints.words(b"tlss", b"igning")


def test_the_words_are_all_different() -> None:
    assert len(set(fingerprints.QUALIFIERS)) == 32
    assert len(set(fingerprints.THINGS)) == 128
    assert not set(fingerprints.QUALIFIERS) & set(fingerprints.THINGS)


def test_private_keys_survive_their_file_and_are_not_mistaken() -> None:
    signing, tls = keys.new_signing_key(), keys.new_tls_key()

    again = keys.signing_key(keys.private_pem(signing))

    assert keys.keyid(again.public_key()) == keys.keyid(signing.public_key())
    with pytest.raises(KuweiError, match=r"key\.malformed"):
        keys.signing_key(keys.private_pem(tls))
    with pytest.raises(KuweiError, match=r"key\.malformed"):
        keys.tls_key(b"not a key")

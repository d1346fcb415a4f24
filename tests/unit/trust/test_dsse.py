from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.trust import dsse, keys

TYPE = "application/vnd.kuwei.envelope.v1"
KEY = keys.new_signing_key()
PUBLIC = KEY.public_key()


def test_a_signed_payload_comes_back_to_who_names_type_and_key() -> None:
    signed = dsse.sign(b"figures", TYPE, KEY)

    assert dsse.verify(signed, TYPE, PUBLIC) == b"figures"


@given(kind=st.text(max_size=40), payload=st.binary(max_size=200))
def test_the_encoding_is_that_of_the_specification(kind: str, payload: bytes) -> None:
    other = Envelope(payload, kind, {})

    assert dsse.pae(kind, payload) == other.pae()


def test_a_payload_of_another_type_is_refused() -> None:
    signed = dsse.sign(b"figures", "application/vnd.kuwei.receipt.v1", KEY)

    with pytest.raises(KuweiError, match=r"signature\.wrong_type"):
        dsse.verify(signed, TYPE, PUBLIC)


def test_a_relabelled_payload_is_refused() -> None:
    signed = dsse.sign(b"figures", "text/plain", KEY)
    relabelled = dsse.Signed(
        payload_type=TYPE, payload=signed.payload, signatures=signed.signatures
    )

    with pytest.raises(KuweiError, match=r"signature\.invalid"):
        dsse.verify(relabelled, TYPE, PUBLIC)


@given(place=st.integers(0, 6), change=st.integers(1, 255))
def test_any_altered_byte_is_refused(place: int, change: int) -> None:
    signed = dsse.sign(b"figures", TYPE, KEY)
    altered = bytearray(signed.payload)
    altered[place] ^= change
    forged = dsse.Signed(
        payload_type=TYPE, payload=bytes(altered), signatures=signed.signatures
    )

    with pytest.raises(KuweiError, match=r"signature\.invalid"):
        dsse.verify(forged, TYPE, PUBLIC)


def test_a_signature_by_another_key_is_refused() -> None:
    signed = dsse.sign(b"figures", TYPE, keys.new_signing_key())

    with pytest.raises(KuweiError, match=r"signature\.invalid"):
        dsse.verify(signed, TYPE, PUBLIC)


def test_an_envelope_without_signatures_is_refused() -> None:
    bare = dsse.Signed(payload_type=TYPE, payload=b"figures", signatures=())

    with pytest.raises(KuweiError, match=r"signature\.invalid"):
        dsse.verify(bare, TYPE, PUBLIC)


def test_the_file_form_loses_nothing() -> None:
    signed = dsse.sign(b"\x00\xff", TYPE, KEY)

    assert dsse.from_json(dsse.to_json(signed)) == signed


@pytest.mark.parametrize("broken", [b"", b"{}", b"[1]", b'{"payload": "*"}', b"\xff"])
def test_a_broken_file_is_refused(broken: bytes) -> None:
    with pytest.raises(KuweiError, match=r"signature\.malformed"):
        dsse.from_json(broken)

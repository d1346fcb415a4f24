"""What a port shows is exchanged when it changes, never while it stays the same."""

from __future__ import annotations

import grpc
import pytest

from kuwei_hub.grpc_server import Presented, Renewal
from kuwei_shared.trust import keys


def presented(trust: bytes = b"one authority") -> Presented:
    """Return something to show; its key is new each time."""
    return Presented(keys.private_pem(keys.new_tls_key()), b"chain", trust)


class Showing:
    """What is to be shown, as a test sets it."""

    def __init__(self) -> None:
        self.now = presented()

    def __call__(self) -> Presented:
        return self.now


def test_a_thousand_handshakes_exchange_nothing() -> None:
    showing = Showing()
    renewal = Renewal(showing, showing.now)

    assert {renewal() for _ in range(1_000)} == {None}


@pytest.mark.parametrize("change", ["certificate", "trust"])
def test_a_change_is_shown_once(change: str) -> None:
    showing = Showing()
    renewal = Renewal(showing, showing.now)
    trusted = showing.now._replace(trust=b"another authority")
    showing.now = presented() if change == "certificate" else trusted

    answers = [renewal() for _ in range(3)]

    assert isinstance(answers[0], grpc.ServerCertificateConfiguration)
    assert answers[1:] == [None, None]

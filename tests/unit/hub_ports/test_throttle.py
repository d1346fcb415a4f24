from __future__ import annotations

import contextlib

import pytest

from kuwei_hub.fleet import rpc
from kuwei_hub.fleet.rpc import Throttle
from kuwei_shared.kernel.errors import KuweiError


class Watch:
    """Seconds as a test sets them."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def admitted(throttle: Throttle, peer: str, times: int) -> int:
    """Ask so many times; return how often it was let in."""
    count = 0
    for _ in range(times):
        with contextlib.suppress(KuweiError):
            throttle.admit(peer)
            count += 1
    return count


def test_an_address_is_let_in_so_often_a_minute_whatever_its_port() -> None:
    watch = Watch()
    throttle = Throttle(3, watch)

    first = [admitted(throttle, f"ipv4:10.0.0.1:{port}", 1) for port in range(5)]
    watch.seconds += 59.9
    late = admitted(throttle, "ipv4:10.0.0.1:9", 1)
    watch.seconds += 0.1

    assert (first, late) == ([1, 1, 1, 0, 0], 0)
    assert admitted(throttle, "ipv4:10.0.0.1:9", 5) == 3


def test_who_asked_too_often_is_told_when_to_ask_again() -> None:
    throttle = Throttle(1, Watch())
    throttle.admit("ipv4:10.0.0.1:1")

    with pytest.raises(KuweiError, match=r"enrolment\.too_often") as caught:
        throttle.admit("ipv4:10.0.0.1:1")

    assert caught.value.retry_after_s == 60


def test_one_address_does_not_use_up_what_another_may_ask() -> None:
    throttle = Throttle(3, Watch())
    admitted(throttle, "ipv4:10.0.0.1:1", 9)

    assert admitted(throttle, "ipv4:10.0.0.2:1", 3) == 3


def test_no_more_addresses_are_remembered_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rpc, "CALLERS_REMEMBERED", 2)
    throttle = Throttle(1, Watch())
    for number in range(3):
        throttle.admit(f"ipv4:10.0.0.{number}:1")

    assert admitted(throttle, "ipv4:10.0.0.2:1", 1) == 0
    assert admitted(throttle, "ipv4:10.0.0.0:1", 1) == 1

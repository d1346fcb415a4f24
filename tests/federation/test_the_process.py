from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Self

import federation_lab as lab
import pytest

from kuwei_node.uplink.domain import Backoff
from kuwei_node.uplink.tasks import Process, Rhythm

pytestmark = pytest.mark.federation

RHYTHM = Rhythm(send_every_s=0.05, heartbeat_s=0.1, wait_ms=500)


class Running:
    """An uplink process in a thread, and what it was told."""

    def __init__(self, member: lab.Member) -> None:
        self.news: list[Mapping[str, int]] = []
        self.told = threading.Event()
        uniform = secrets.SystemRandom().uniform
        self.process = Process(
            member.line,
            rhythm=RHYTHM,
            backoffs=(
                Backoff(shortest_s=0.05, longest_s=0.2, uniform=uniform),
                Backoff(shortest_s=0.05, longest_s=0.2, uniform=uniform),
            ),
            on_news=self.hear,
            catalogue=lambda: "2026.11.3",
        )
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.process.run, args=(self.stop,))

    def hear(self, news: Mapping[str, int], spread_ms: int) -> None:
        del spread_ms
        self.news.append(news)
        self.told.set()

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(10)
        assert not self.thread.is_alive()


def until(condition: Callable[[], bool], tries: int = 200) -> bool:
    pause = threading.Event()
    return any(condition() or pause.wait(0.05) for _ in range(tries))


def test_figures_arrive_by_themselves(
    province: lab.Province, member: lab.Member
) -> None:
    with Running(member):
        member.see(lab.MONDAY, 3)

        arrived = until(lambda: [one.value for one in province.hits()] == [3])

    assert arrived


def test_a_hub_that_comes_back_is_found_again(
    province: lab.Province, member: lab.Member
) -> None:
    with Running(member):
        until(lambda: member.line.has_greeted)
        province.restart()
        member.see(lab.MONDAY, 4)

        arrived = until(lambda: [one.value for one in province.hits()] == [4])

    assert arrived


def test_news_is_passed_on(province: lab.Province, member: lab.Member) -> None:
    with Running(member) as running:
        province.announce("catalogue")

        assert running.told.wait(10)

    assert running.news[0] == {"catalogue": 1}

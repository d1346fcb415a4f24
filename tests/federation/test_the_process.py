from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from typing import Self

import federation_lab as lab
import pytest
from pace import PATIENCE_S, wait_until

from kuwei_node.uplink.domain import Backoff
from kuwei_node.uplink.tasks.process import Process, Rhythm

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
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()


def test_figures_arrive_by_themselves(
    province: lab.Province, member: lab.Member
) -> None:
    with Running(member):
        member.see(lab.MONDAY, 3)

        wait_until(lambda: values(province) == [3], "the figures arrive")


def values(province: lab.Province) -> list[int]:
    return [one.hits for one in province.hits()]


def test_a_hub_that_comes_back_is_found_again(
    province: lab.Province, member: lab.Member
) -> None:
    with Running(member):
        wait_until(lambda: member.line.has_greeted, "the node has greeted")
        province.restart()
        member.see(lab.MONDAY, 4)

        wait_until(lambda: values(province) == [4], "the figures arrive")


def test_news_is_passed_on(province: lab.Province, member: lab.Member) -> None:
    with Running(member) as running:
        province.announce("catalogue")

        assert running.told.wait(PATIENCE_S)

    assert running.news[0] == {"catalogue": 1}

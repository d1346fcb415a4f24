"""Counting from a ledger whose numbers may appear out of order."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from kuwei_node.uplink.domain import (
    Backoff,
    Day,
    Mark,
    Patience,
    Seen,
    is_behind,
    step,
)
from kuwei_shared.kernel.clock import SetClock

MONDAY = dt.date(2026, 1, 5)


def day(number: int) -> Day:
    return Day(
        mof_div_code="450102000", business_day=MONDAY + dt.timedelta(days=number)
    )


class Ledger:
    """Rows with a number drawn before they commit, as PostgreSQL shows them."""

    def __init__(self) -> None:
        self.drawn = 0
        self.visible: dict[int, int] = {}
        self.open: dict[int, tuple[int, int]] = {}
        self.transactions = 0
        self.mark = Mark(source="payment")
        self.counted: dict[int, int] = {}

    def begin(self, of_day: int) -> int:
        self.drawn, self.transactions = self.drawn + 1, self.transactions + 1
        self.open[self.transactions] = (self.drawn, of_day)
        return self.transactions

    def commit(self, transaction: int) -> None:
        seq, of_day = self.open.pop(transaction)
        self.visible[seq] = of_day

    def sweep(self) -> None:
        oldest = min(self.open, default=self.transactions + 1)
        days, self.mark = step(
            self.mark, self.seen(), oldest=oldest, newest=self.transactions + 1
        )
        for one in days:
            number = (one.business_day - MONDAY).days
            self.counted[number] = list(self.visible.values()).count(number)

    def seen(self) -> list[Seen]:
        behind = {s: d for s, d in self.visible.items() if s > self.mark.upto}
        pending = self.mark.pending or 0
        return [
            Seen(
                day=day(number),
                top=max(s for s, d in behind.items() if d == number),
                rows=sum(d == number for d in behind.values()),
                settled=sum(d == number and s <= pending for s, d in behind.items()),
            )
            for number in sorted(set(behind.values()))
        ]


@given(
    st.lists(
        st.tuples(st.sampled_from(["begin", "commit", "sweep"]), st.integers(0, 3))
    )
)
def test_every_row_is_counted_however_late_it_commits(
    steps: list[tuple[str, int]],
) -> None:
    ledger = Ledger()

    for what, number in steps:
        if what == "begin":
            ledger.begin(number)
        elif what == "commit" and ledger.open:
            ledger.commit(sorted(ledger.open)[number % len(ledger.open)])
        else:
            ledger.sweep()
    for transaction in list(ledger.open):
        ledger.commit(transaction)
    for _ in range(4):
        ledger.sweep()

    truth = list(ledger.visible.values())
    assert ledger.counted == {number: truth.count(number) for number in set(truth)}


def test_a_settled_ledger_is_not_counted_again() -> None:
    ledger = Ledger()
    ledger.commit(ledger.begin(0))
    for _ in range(4):
        ledger.sweep()

    ledger.counted.clear()
    ledger.sweep()

    assert ledger.counted == {}
    assert ledger.mark.upto == 1


def test_waits_grow_to_the_longest_and_begin_again() -> None:
    backoff = Backoff(shortest_s=1, longest_s=900, uniform=lambda _, most: most)

    waits = [backoff.failed() for _ in range(8)]
    backoff.succeeded()

    assert waits == [3, 9, 27, 81, 243, 729, 900, 900]
    assert backoff.failed() == 3


def test_the_hubs_own_wait_is_respected() -> None:
    backoff = Backoff(shortest_s=1, longest_s=900, uniform=lambda least, _: least)

    assert backoff.failed(at_least_s=30) == 30


def patience(clock: SetClock) -> Patience:
    def backoff() -> Backoff:
        return Backoff(shortest_s=1, longest_s=900, uniform=lambda _, most: most)

    return Patience(clock, backoff)


def test_each_stream_has_a_backoff_of_its_own() -> None:
    streams = patience(SetClock())

    stats = [streams.put_off("stats", 0) for _ in range(3)]
    streams.went_on("stats")

    assert (stats, streams.put_off("assess", 0)) == ([3, 9, 27], 3)
    assert streams.put_off("stats", 0) == 3


def test_no_hub_puts_a_stream_off_beyond_the_longest_wait() -> None:
    clock = SetClock()
    streams = patience(clock)

    wait = streams.put_off("stats", 86_400)
    clock.advance(dt.timedelta(seconds=900))

    assert wait == 900
    assert streams.is_over("stats")


def test_a_clock_set_back_ends_a_pause_and_makes_none_longer() -> None:
    clock = SetClock()
    streams = patience(clock)
    streams.put_off("stats", 30)

    clock.advance(dt.timedelta(hours=-1))

    assert streams.is_over("stats")


def test_a_hub_that_holds_more_than_was_sent_is_noticed() -> None:
    assert is_behind({"stats": 4}, {"stats": 5})
    assert is_behind({}, {"stats": 1})
    assert not is_behind({"stats": 5}, {"stats": 4})

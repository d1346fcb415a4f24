import datetime as dt
from dataclasses import replace

from kuwei_shared.audit.chain import GENESIS, Entry, first_fault


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    for seq in range(1, length + 1):
        entry = Entry(
            seq=seq,
            at=dt.datetime(2026, 1, 5, tzinfo=dt.UTC),
            actor="450102-reviewer",
            actor_name="兴宁区 复核岗",
            act="放行",
            about=f"支付 {seq}",
            details={"n": seq},
            previous=entries[-1].digest if entries else GENESIS,
        )
        entries.append(replace(entry, digest=entry.computed()))
    return entries


def test_an_untouched_chain_is_whole() -> None:
    assert first_fault(chain(5)) is None
    assert first_fault([]) is None


def test_a_changed_word_shows_where() -> None:
    entries = chain(5)
    entries[2] = replace(entries[2], about="支付 9")

    assert first_fault(entries) == 3


def test_a_change_that_fixes_its_own_digest_shows_in_the_next() -> None:
    entries = chain(5)
    forged = replace(entries[2], act="拒绝")
    entries[2] = replace(forged, digest=forged.computed())

    assert first_fault(entries) == 4


def test_a_removed_entry_shows() -> None:
    entries = chain(5)

    assert first_fault(entries[:2] + entries[3:]) == 4


def test_the_beginning_cannot_be_cut_off() -> None:
    assert first_fault(chain(5)[1:]) == 2


def test_a_run_may_start_behind_a_known_digest() -> None:
    entries = chain(5)

    assert first_fault(entries[2:], after=entries[1].digest) is None


def test_the_digest_does_not_depend_on_the_time_zone_shown() -> None:
    entry = chain(1)[0]
    moved = replace(entry, at=entry.at.astimezone(dt.timezone(dt.timedelta(hours=8))))

    assert moved.computed() == entry.digest

"""The generated year: made, loaded as reference data, streamed, seen at the hub."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import screen
from founding import abreast
from places import TOWNSHIPS, Place
from processes import StageFailedError
from state import Stack
from streaming import Tally, rows_in, stream

ADOPT_S = 120.0
ARRIVE_S = 120.0
LOOK_S = 0.5

# The family `adoption` reports the same payments by release.
SCREENED = (
    "SELECT coalesce(sum(value), 0) FROM statistic WHERE measure = 'screened'"
    " AND family = 'screening' AND rule_id IS NULL"
)


IN_FORCE = (
    "SELECT coalesce((SELECT r.version FROM catalogue_state s"
    " JOIN catalogue_release r ON r.serial = s.active_serial), '')"
)
# A release may be published and arranged by hand between two starts.
ARRANGED = (
    "SELECT coalesce((SELECT r.version FROM release_assignment a"
    " JOIN release r ON r.serial = a.serial"
    " WHERE a.mof_div_code = '{}' AND NOT a.is_paused), '')"
)

# What each node holds at the end, and what the hub believes of it.
AT_NODE = (
    "SELECT (SELECT count(*) FROM payment) || ' ' || (SELECT count(*) FROM hit)"
    " || ' ' || (SELECT count(*) FROM alert) || ' '"
    " || (SELECT count(*) FROM screening WHERE decision = 'hold') || ' '"
    " || (SELECT count(*) FROM screening WHERE decision = 'reject')"
)
HEADS = ("区划", "节点", "支付", "命中", "预警", "暂缓", "拒付", "省级已计")


def generate(stack: Stack) -> str:
    """Write the generated province, unless it is there."""
    folder = stack.folder / "year"
    wanted = f"{stack.payments} seed {stack.seed}"
    if stack.notebook.get("generated") not in (None, wanted):
        raise StageFailedError(
            f"{stack.folder} 里是另一份样本({stack.notebook.get('generated')});"
            "换一个 --folder,或删除该目录。"
        )
    if stack.notebook.get("generated") is None:
        options = ("--payments", str(stack.payments), "--seed", str(stack.seed))
        out = ("--out", str(folder))
        stack.run(
            "generate", "kuwei-node", "generate", *options, *out, env=stack.offline()
        )
        stack.notebook.put("generated", wanted)
    return f"{_total(stack):,} 条支付记录,种子 {stack.seed}"


def adoption(stack: Stack) -> str:
    """Wait until every node has the release arranged for it in force."""
    versions = {_adopted(stack, place) or "(暂停)" for place in stack.places}
    return f"{len(stack.places)} 个节点启用 {'、'.join(sorted(versions))}"


def reference(stack: Stack) -> str:
    """Load every node's units, accounts, appropriations, plans and the rest."""
    fresh = [p for p in stack.places if not stack.notebook.get(f"reference {p.code}")]
    abreast(lambda place: _load(stack, place), fresh)
    return f"{len(stack.places)} 个节点,本次 {len(fresh)} 个"


def payments(stack: Stack) -> str:
    """Stream the year through every node at once, and show it."""
    total, tally = _total(stack), Tally()
    before = sum(_streamed(stack, place) for place in stack.places)
    line = screen.Line("支付")
    with ThreadPoolExecutor(len(stack.places)) as pool:
        work = [
            pool.submit(stream, stack, place, _file(stack, place), tally)
            for place in stack.places
        ]
        try:
            _watch(stack, work, line, tally, total - before)
        finally:
            stack.leaving.set()
    stack.leaving.clear()
    line.end()
    for one in work:
        one.result()
    return f"本次 {tally.counts['payments']:,} 条,此前 {before:,} 条"


def statistics(stack: Stack) -> str:
    """Wait until the hub's figures count everything the nodes screened."""
    expected = sum(_streamed(stack, place) for place in stack.places)
    line, limit = screen.Line("上报"), time.monotonic() + ARRIVE_S
    while (arrived := int(stack.ask("hub", SCREENED))) < expected:
        stack.supervisor.require_alive()
        if time.monotonic() > limit:
            line.end()
            raise StageFailedError(f"省级已计 {arrived:,} / {expected:,} 条")
        line.show(arrived, expected)
        time.sleep(LOOK_S)
    line.show(arrived, expected)
    line.end()
    if arrived != expected:
        raise StageFailedError(f"省级计 {arrived:,} 条,节点审核 {expected:,} 条")
    return f"省级统计 {arrived:,} 条,与各节点一致"


def tallies(stack: Stack) -> str:
    """Set side by side what each node holds and what the hub counts of it."""
    rows = []
    for place in stack.places:
        own = [f"{int(n):,}" for n in stack.ask(place.database, AT_NODE).split()]
        divisions = [
            place.code,
            *(c for c, (_, h) in TOWNSHIPS.items() if h == place.code),
        ]
        listed = ", ".join(f"'{code}'" for code in divisions)
        counted = stack.ask("hub", f"{SCREENED} AND mof_div_code IN ({listed})")
        rows.append((place.code, place.name, *own, f"{int(counted):,}"))
    stack.closing = screen.table(HEADS, rows)
    print(stack.closing, flush=True)
    return f"{len(rows)} 个节点"


def _watch(
    stack: Stack, work: list[Future[int]], line: screen.Line, tally: Tally, total: int
) -> None:
    waiting = threading.Event()
    while not all(one.done() for one in work):
        stack.supervisor.require_alive()
        counts = tally.counts
        note = f"预警 {counts['with hits']:,} 暂缓 {counts['hold']:,}"
        line.show(counts["payments"], total, f"{note} 拒付 {counts['reject']:,}")
        if any(one.done() and one.exception() for one in work):
            return
        waiting.wait(0.2)
    line.show(tally.counts["payments"], total)


def _adopted(stack: Stack, place: Place) -> str:
    """Wait for a node; return its release, or nothing if the province has paused it."""
    release = stack.ask("hub", ARRANGED.format(place.code))
    limit = time.monotonic() + ADOPT_S
    while release and (found := stack.ask(place.database, IN_FORCE)) != release:
        stack.require_staying()
        stack.supervisor.require_alive()
        if time.monotonic() > limit:
            running = f"在用 {found}" if found else "尚无目录"
            raise StageFailedError(f"{place.name}{running},未启用 {release}")
        time.sleep(LOOK_S)
    return release


def _load(stack: Stack, place: Place) -> None:
    folder = str(_file(stack, place).parent)
    env = stack.node(place)
    stack.run(
        f"reference-{place.code}", "kuwei-node", "load-reference", folder, env=env
    )
    stack.notebook.put(f"reference {place.code}", "loaded")


def _file(stack: Stack, place: Place) -> Path:
    return stack.folder / "year" / place.code / "payments.parquet"


def _streamed(stack: Stack, place: Place) -> int:
    return int(stack.notebook.get(f"streamed {place.code}") or 0)


def _total(stack: Stack) -> int:
    return sum(rows_in(_file(stack, place)) for place in stack.places)

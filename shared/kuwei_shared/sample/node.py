"""One node's folder, written month by month."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kuwei_shared.sample import books, registers
from kuwei_shared.sample.calendar import Month, year_months
from kuwei_shared.sample.draws import Draws, draw_month
from kuwei_shared.sample.frame import Framer
from kuwei_shared.sample.injectors.plan import Injected, Plan
from kuwei_shared.sample.lines import I64, SCOPES, TRANSFER, ZERO
from kuwei_shared.sample.moments import month_end
from kuwei_shared.sample.places import Place
from kuwei_shared.sample.profiles import PROFILES
from kuwei_shared.sample.schema import LABEL_SCHEMA, PAYMENT_SCHEMA, entity_schema
from kuwei_shared.sample.spec import VERSION, NodeSummary, ProvinceSpec
from kuwei_shared.sample.texts import Texts, build_texts
from kuwei_shared.sample.witness import Witness
from kuwei_shared.sample.world import World, build_world
from kuwei_shared.sample.writer import FOREVER, Sink, with_validity

SLICE = 65_536
_LATE_DAYS = 3
AUTHORISED = np.array([profile.pay_type == "121" for profile in PROFILES])
_TREASURY = np.isin(range(len(SCOPES)), [ZERO, TRANSFER])


@dataclass(frozen=True, slots=True)
class NodeJob:
    """What one node is asked for.

    Attributes:
        place: whose node.
        payments: ordinary payments and violations together.
        violations: rule id to how many times it is broken here.
        disguised: rule id to how many of those are less plain.
    """

    place: Place
    payments: int
    violations: dict[str, int]
    disguised: dict[str, int]


def monthly_counts(total: int, months: tuple[Month, ...]) -> list[int]:
    """Split a year's payments over its months by their shares, exactly."""
    edges = np.round(np.cumsum([0.0, *(m.share for m in months)]) * total)
    return [int(n) for n in np.diff(edges)]


class NodeWriter:
    """Generates one node into a folder."""

    def __init__(self, spec: ProvinceSpec, job: NodeJob, folder: Path) -> None:
        self.spec, self.job, self.folder = spec, job, folder
        seed = [spec.seed, VERSION, int(job.place.code)]
        self.rng = np.random.default_rng(seed)
        self.world: World = build_world(self.rng, job.place, job.payments, spec.year)
        self.texts: Texts = build_texts(self.world)
        self.witness = Witness(self.world.units)
        self.labels: Counter[str] = Counter()
        self.amount_fen = 0

    def write(self, told: Callable[[int], None]) -> tuple[NodeSummary, Counter[str]]:
        """Write every file; ``told`` hears of the payments each slice added."""
        self.folder.mkdir(parents=True, exist_ok=True)
        months = year_months(self.spec.year)
        injected = Plan(self.world, months).make(
            np.random.default_rng(
                [self.spec.seed, VERSION, int(self.job.place.code), 1]
            ),
            self.job.violations,
            self.job.disguised,
        )
        rows = self._payments(months, injected, told)
        self._references()
        self._labels(injected)
        place = self.job.place
        return NodeSummary(
            code=place.code,
            name=place.name,
            payments=self.world.number + injected.payments,
            rows=rows,
            labels=self.labels.total(),
            amount_fen=self.amount_fen,
            agencies=len(self.world.units),
        ), self.labels

    def _payments(
        self, months: tuple[Month, ...], injected: Injected, told: Callable[[int], None]
    ) -> int:
        counts = monthly_counts(self.job.payments - injected.payments, months)
        framer = Framer(self.world, self.texts)
        with Sink(self.folder / "payments.parquet", PAYMENT_SCHEMA) as sink:
            for month, count in zip(months, counts, strict=True):
                draws = draw_month(
                    self.rng, self.world, month, count, self.spec.refund_share
                )
                self._tally(month, draws)
                extra = injected.month(month.number)
                for part, last in _slices(draws, month):
                    table = framer.table(self.rng, month, part, self.spec.staged_share)
                    table, extra = _merge(table, extra, last)
                    self.witness.see(table)
                    sink.table(table)
                    told(len(part))
                self.witness.end_month(month_end(month.days[-1]))
            return sink.rows

    def _tally(self, month: Month, draws: Draws) -> None:
        world, taken = self.world, np.maximum(draws.fen, 0)
        plan = world.tally.plan
        plan[month.number - 1] += _sums(draws.line, taken, plan.shape[1])
        net = world.tally.net
        net[month.number - 1] += _sums(draws.line, draws.fen, net.shape[1])
        on = draws.contract >= 0
        contracts = len(world.tally.contract)
        world.tally.contract += _sums(draws.contract[on], taken[on], contracts)
        world.tally.bank[month.number - 1] = self._bank(month, draws)
        self.amount_fen += int(draws.fen.sum())

    def _bank(self, month: Month, draws: Draws) -> I64:
        """Return what banks paid on the last day; below 0 if money came back."""
        units = len(self.world.units)
        last = month.days[-1]
        late = [(last - day).days < _LATE_DAYS for day in month.days]
        lines = self.world.lines
        own = (AUTHORISED[lines.profile] & _TREASURY[lines.scope])[draws.line]
        unit = lines.unit[draws.line]
        days = (np.arange(len(late)) == len(late) - 1, np.array(late))
        sums = [
            _sums(unit[rows], draws.fen[rows], units)
            for rows in (own & day[draws.day] for day in days)
        ]
        return np.minimum(*sums)

    def _references(self) -> None:
        start = dt.date(self.spec.year - 1, 12, 1)
        for name, rows in registers.TABLES.items():
            with self._sink(name) as sink:
                columns = {"valid_from": start, "valid_to": FOREVER}
                sink.dicts({**columns, **row} for row in rows(self.world, self.rng))
                self._extra(sink, name, start)
        for name, tables in books.TABLES.items():
            with self._sink(name) as sink:
                for part in tables(self.world, self.texts):
                    sink.table(with_validity(part, sink.schema, start))
                self._extra(sink, name, start)

    def _extra(self, sink: Sink, name: str, start: dt.date) -> None:
        rows = self.world.extra.get(name, [])
        validity = {"valid_from": start, "valid_to": FOREVER}
        sink.dicts({**validity, **row} for row in rows)

    def _sink(self, name: str) -> Sink:
        return Sink(self.folder / f"{name}.parquet", entity_schema(name))

    def _labels(self, injected: Injected) -> None:
        known = {label.hit: label for label in injected.labels}
        for label in self.witness.labels:
            known.setdefault(label.hit, label)
        with Sink(self.folder / "labels.parquet", LABEL_SCHEMA) as sink:
            sink.dicts(label.row() for label in known.values())
        self.labels.update(label.rule_id for label in known.values())


def _sums(rows: I64, fen: I64, count: int) -> I64:
    return np.bincount(rows, fen, count).astype(np.int64)


def _slices(draws: Draws, month: Month) -> list[tuple[Draws, dt.date | None]]:
    """Cut a month into whole days of at most about SLICE payments.

    Each comes with the last day it holds; None for the month's last slice.
    """
    per_day = np.bincount(draws.day, minlength=len(month.days))
    group = (np.cumsum(per_day) - 1) // SLICE
    parts: list[tuple[Draws, dt.date | None]] = []
    ends = np.flatnonzero(np.r_[group[1:] != group[:-1], True]).tolist()
    edges = np.cumsum(per_day)
    start = 0
    for end in ends:
        stop = int(edges[end])
        last = None if end == ends[-1] else month.days[end]
        parts.append((draws.take(np.arange(start, stop)), last))
        start = stop
    return parts


def _merge(
    table: pa.Table, extra: pa.Table, last: dt.date | None
) -> tuple[pa.Table, pa.Table]:
    """Put the injected rows up to a day among the others; return what is left."""
    if not extra.num_rows:
        return table, extra
    due = extra
    if last is not None:
        early = pc.less_equal(extra["vou_date"], pa.scalar(last))
        due, extra = extra.filter(early), extra.filter(pc.invert(early))
    else:
        extra = extra.slice(0, 0)
    if due.num_rows:
        table = pa.concat_tables([table, due])
        table = table.take(pc.sort_indices(table["create_time"]))
    return table, extra

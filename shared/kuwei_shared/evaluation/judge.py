# ruff: noqa: S608  # table and column names come from the catalogue, paths are quoted
"""Runs a catalogue over one labelled node in DuckDB, a year at a time.

Realtime rules see payments in order; day-end and month-end rules see what was
known when the day or month closed. Some units' payments at a time are in memory:
no rule about a payment looks beyond its unit. Only hits and labels are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.compiler import compile_rules, untuned
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.model import Catalogue, Schedule
from kuwei_shared.rules.printer import Dialect, quote
from kuwei_shared.rules.vocabulary import PAYMENT

PAYMENTS, LABELS = "payments.parquet", "labels.parquet"
KEYS = {
    "agency": ("agency_code",),
    "appropriation": ("bgt_id",),
    "project": ("pro_code",),
    "account_day": ("acct_no", "balance_date"),
    "bank_report": ("report_id",),
}
_DATED = {"account_day": "balance_date", "bank_report": "due_date"}
_KNOWN = "coalesce((SELECT max(s) FROM day WHERE d <= {0}), 0)"
_MONTH_ENDS = "SELECT DISTINCT last_day(d) AS vou_date FROM day"
_FOREVER = 10**14
# Rows in memory at a time; a unit with more is not divided.
PART_ROWS = 50_000


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what DuckDB refuses for size or missing columns into a sentence."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise KuweiError(
            "evaluation.memory", "内存限额不够,请用 --memory 提高(如 2GB)。"
        ) from error
    except duckdb.BinderException as error:
        raise KuweiError(
            "evaluation.columns",
            "样本的栏目与规则目录不合,可能由别的版本生成;请重新生成。",
        ) from error


class Judge:
    """One labelled node's folder, loaded.

    Use as a context manager. Afterwards ``label`` and ``seen`` hold (rule_id,
    subject, key, moment), ``seen`` also the outcome's letter: every hit, and what
    could not be decided of what is labelled.
    """

    def __init__(
        self, folder: Path, catalogue: Catalogue, scratch: Path, memory: str
    ) -> None:
        for name in (PAYMENTS, LABELS):
            if not (folder / name).is_file():
                raise KuweiError(
                    "evaluation.folder",
                    f"{folder} 里没有 {name};请指向 kuwei-node generate 写出的目录。",
                )
        self.catalogue, self.rules = catalogue, untuned(catalogue)
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": 2,
            "memory_limit": memory,
            "temp_directory": str(scratch),
            "preserve_insertion_order": False,  # rows carry their numbers
        }
        try:
            self.db = duckdb.connect(str(scratch / f"{folder.name}.db"), config=config)
        except duckdb.ParserException as error:
            raise KuweiError(
                "evaluation.memory", f"内存限额“{memory}”看不懂,请写成 1GB 的样子。"
            ) from error
        self._load(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.db.close()

    def _load(self, folder: Path) -> None:
        for file in sorted(folder.glob("*.parquet")):
            if file.name not in {PAYMENTS, LABELS}:
                self.db.execute(
                    f"CREATE TABLE {file.stem} AS SELECT *, 0::bigint AS known_from,"
                    f" {10 * _FOREVER}::bigint AS known_to FROM {quote(str(file))}"
                )
        self.db.execute(
            "CREATE TABLE ledger AS SELECT * EXCLUDE (file_row_number),"
            f" file_row_number + 1 AS seq, {_FOREVER}::bigint AS as_of, true AS live,"
            " 1 AS tally, NULL::bigint AS reversed_by FROM"
            f" read_parquet({quote(str(folder / PAYMENTS))}, file_row_number = true)"
        )
        self.db.execute(
            "CREATE TABLE day AS SELECT vou_date AS d, max(seq) AS s"
            " FROM ledger GROUP BY 1"
        )
        self.db.execute(
            "CREATE TABLE part AS SELECT agency_code,"
            f" CAST(sum(count(*)) OVER (ORDER BY agency_code) // {PART_ROWS}"
            " AS bigint) AS number FROM ledger GROUP BY 1"
        )
        moment = "CASE subject WHEN 'payment' THEN stage ELSE CAST(date AS text) END"
        self.db.execute(
            "CREATE TABLE label AS SELECT DISTINCT rule_id, subject, key, origin,"
            f" {moment} AS moment FROM {quote(str(folder / LABELS))}"
        )
        self.db.execute(
            "CREATE TABLE seen (rule_id text, subject text, key text, moment text,"
            " letter text)"
        )

    def run(self) -> None:
        """Put every rule to everything it is about."""
        parts = self.db.execute("SELECT DISTINCT number FROM part ORDER BY 1")
        for (number,) in parts.fetchall():
            self._part(number)
        self.db.execute("CREATE OR REPLACE VIEW payment AS SELECT * FROM ledger")
        for schedule in Schedule:
            for subject in KEYS:
                self._subject(schedule, subject)

    def _part(self, number: int) -> None:
        """Judge the payments of some units."""
        self.db.execute(
            "CREATE OR REPLACE TABLE batch AS SELECT l.* FROM ledger l"
            f" JOIN part USING (agency_code) WHERE number = {number:d}"
        )
        self.db.execute("CREATE OR REPLACE VIEW payment AS SELECT * FROM batch")
        self._run(None, PAYMENT, "SELECT * FROM payment", "payment_id", "stage")
        for schedule in Schedule:
            self._payments(schedule)

    def _payments(self, schedule: Schedule) -> None:
        closes = (
            "p.vou_date" if schedule is Schedule.DAY_END else "last_day(p.vou_date)"
        )
        rows = (
            f"SELECT p.* EXCLUDE (as_of), {_KNOWN.format(closes)} AS as_of"
            " FROM payment p WHERE p.stage = 'voucher'"
        )
        self._run(schedule, PAYMENT, rows, "payment_id", quote(schedule.value))

    def _subject(self, schedule: Schedule, subject: str) -> None:
        dated = _DATED.get(subject)
        if dated:
            rows = f"SELECT *, {dated} AS vou_date FROM {subject}"
        else:
            rows = f"SELECT t.*, q.vou_date FROM {subject} t, ({_MONTH_ENDS}) q"
        if schedule is Schedule.DAY_END and not dated:
            own = KEYS[subject][0]
            paid = f"SELECT DISTINCT {own}, vou_date FROM payment"
            rows += f" UNION SELECT t.*, q.vou_date FROM {subject} t"
            rows += f" JOIN ({paid}) q USING ({own})"
        year = "fiscal" if subject == "appropriation" else "fiscal_year"
        rows = (
            "SELECT x.* EXCLUDE (vou_date), x.vou_date,"
            f" year(x.vou_date) AS {year}, 'voucher' AS stage,"
            f" {_KNOWN.format('x.vou_date')} AS as_of,"
            f" row_number() OVER () AS seq FROM ({rows}) x"
        )
        key = " || '|' || ".join(f"CAST({name} AS text)" for name in KEYS[subject])
        self._run(schedule, subject, rows, key, "CAST(vou_date AS text)")

    def _run(
        self, schedule: Schedule | None, subject: str, rows: str, key: str, when: str
    ) -> None:
        statement = compile_rules(
            self.catalogue, self.rules, subject=subject, schedule=schedule
        )
        if not statement.rules:
            return
        self.db.execute(f"CREATE OR REPLACE TABLE asked AS {rows}")
        plan = Plan.SWEEP if schedule is None else Plan.CLOSED
        sql = statement.sql(Dialect.DUCKDB, "SELECT * FROM asked", plan)
        ids = ", ".join(quote(one.rule.id) for one in statement.rules)
        letter = "substr(f.outcomes, t.i, 1)"
        self.db.execute(
            f"INSERT INTO seen WITH f AS MATERIALIZED (SELECT {key} AS key,"
            f" {when} AS moment, j.outcomes FROM ({sql}) j JOIN asked USING (seq)"
            f" WHERE j.outcomes LIKE '%1%' OR {key} IN (SELECT key FROM label))"
            f" SELECT ([{ids}])[t.i], {quote(subject)}, f.key, f.moment, {letter}"
            f" FROM f, range(1, {len(statement.rules) + 1}) t(i)"
            f" WHERE {letter} = '1' OR ({letter} = '?' AND (([{ids}])[t.i], f.key)"
            " IN (SELECT (rule_id, key) FROM label))"
        )

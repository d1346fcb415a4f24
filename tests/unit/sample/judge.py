# ruff: noqa: S608  # table and column names come from the schema
"""Runs the standard catalogue over a generated node in DuckDB, every rule at once.

Realtime rules see payments in order; day-end and month-end rules see what was
known when the day or month closed.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import duckdb

from kuwei_shared.rules.compiler import Statement, compile_rules, untuned
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.model import Catalogue, Schedule
from kuwei_shared.rules.printer import Dialect

# (rule, subject, key, stage) and, for subjects with a date, the date.
Hits = dict[str, set[tuple[str, str, str]]]
KEYS = {
    "agency": ("agency_code",),
    "appropriation": ("bgt_id",),
    "project": ("pro_code",),
    "account_day": ("acct_no", "balance_date"),
    "bank_report": ("report_id",),
}
_DATED = {"account_day": "balance_date", "bank_report": "due_date"}
_KNOWN = "coalesce((SELECT max(s) FROM day WHERE d <= {0}), 0)"
_MONTH_ENDS = (
    "SELECT DISTINCT CAST(date_trunc('month', d) + INTERVAL 1 MONTH"
    " - INTERVAL 1 DAY AS date) AS vou_date FROM day"
)


class Node:
    """One generated node, loaded."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self.db = duckdb.connect(config={"threads": "2"})
        self.rules = untuned(catalogue)
        self.catalogue = catalogue
        self.hits: Hits = defaultdict(set)
        for file in sorted(folder.glob("*.parquet")):
            if file.stem not in {"payments", "labels"}:
                self.db.execute(
                    f"CREATE TABLE {file.stem} AS SELECT *, 0::bigint AS known_from,"
                    f" {10**15}::bigint AS known_to FROM '{file}'"
                )
        self.db.execute(
            "CREATE TABLE payment AS SELECT *, row_number() OVER () AS seq,"
            f" {10**14}::bigint AS as_of, true AS live, 1 AS tally,"
            " NULL::bigint AS reversed_by"
            f" FROM '{folder / 'payments.parquet'}'"
        )
        self.db.execute(
            "CREATE TABLE day AS SELECT vou_date AS d, max(seq) AS s"
            " FROM payment GROUP BY 1"
        )

    def judge(self) -> Hits:
        """Return every rule's hits: (subject, key, stage or closing date)."""
        self._run(None, "payment", "SELECT * FROM payment", "payment_id", "stage")
        for schedule in Schedule:
            self._payments(schedule)
            for subject in KEYS:
                self._subject(schedule, subject)
        return self.hits

    def _payments(self, schedule: Schedule) -> None:
        closes = (
            "p.vou_date" if schedule is Schedule.DAY_END else "last_day(p.vou_date)"
        )
        rows = (
            f"SELECT p.* EXCLUDE (as_of), {_KNOWN.format(closes)} AS as_of"
            " FROM payment p WHERE p.stage = 'voucher'"
        )
        stage = f"'{schedule.value}'"
        self._run(schedule, "payment", rows, "payment_id", stage)

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
        rows = (
            "SELECT x.* EXCLUDE (vou_date), x.vou_date, year(x.vou_date) AS fiscal,"
            f" 'voucher' AS stage, {_KNOWN.format('x.vou_date')} AS as_of,"
            f" row_number() OVER () AS seq FROM ({rows}) x"
        )
        if subject != "appropriation":
            rows = rows.replace("AS fiscal,", "AS fiscal_year,")
        key = " || '|' || ".join(f"CAST({name} AS text)" for name in KEYS[subject])
        self._run(schedule, subject, rows, key, "CAST(vou_date AS text)")

    def _run(
        self, schedule: Schedule | None, subject: str, rows: str, key: str, when: str
    ) -> None:
        statement: Statement = compile_rules(
            self.catalogue, self.rules, subject=subject, schedule=schedule
        )
        if not statement.rules:
            return
        self.db.execute(f"CREATE OR REPLACE TEMP TABLE asked AS {rows}")
        plan = Plan.SWEEP if schedule is None else Plan.CLOSED
        sql = statement.sql(Dialect.DUCKDB, "SELECT * FROM asked", plan)
        found = self.db.execute(
            f"SELECT {key}, {when}, j.outcomes FROM ({sql}) j JOIN asked USING (seq)"
            " WHERE j.outcomes LIKE '%1%'"
        ).fetchall()
        for subject_key, moment, outcomes in found:
            for one, letter in zip(statement.rules, outcomes, strict=True):
                if letter == "1":
                    self.hits[one.rule.id].add((subject, subject_key, moment))

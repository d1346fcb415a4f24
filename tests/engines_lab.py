"""A node filled from files, and the same rows in DuckDB, for comparing engines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from screening_lab import ScreeningLab, standard
from sqlalchemy import Engine, text

from kuwei_node.alerts.service import Alerts
from kuwei_node.intake.adapters import files, profiles
from kuwei_node.intake.service.imports import Intake
from kuwei_node.intake.service.reference_files import ReferenceFile, ReferenceFiles
from kuwei_node.intake.tasks import run_import
from kuwei_node.reference.service import ReferenceService
from kuwei_node.schedule.service import Scheduler
from kuwei_node.schedule.tasks import sweep
from kuwei_shared.kernel.clock import CHINA
from kuwei_shared.rules.compiler import untuned
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.printer import Dialect
from kuwei_shared.screening.effective import EffectiveCatalogue

PROBED = 500
# PostgreSQL types that DuckDB calls otherwise.
_WHOLE = "COPY (SELECT * FROM {}) TO STDOUT CSV"
_TYPES = {"jsonb": "VARCHAR", "timestamp with time zone": "TIMESTAMPTZ"}


def in_force(*, alert_only: bool = False) -> EffectiveCatalogue:
    """Return the standard catalogue; alert-only, no payment is ever stopped."""
    catalogue = standard()
    rules = untuned(catalogue)
    if alert_only:
        rules = tuple(replace(one, alert_only=True) for one in rules)
    return EffectiveCatalogue(
        release=catalogue.version, catalogue=catalogue, rules=rules
    )


class FilledNode(ScreeningLab):
    """A node that takes in files, wired as in production."""

    def __init__(self, engine: Engine, catalogue: EffectiveCatalogue) -> None:
        super().__init__(engine, catalogue)
        vocabulary = catalogue.catalogue.vocabulary
        self.intake = Intake(
            clock=self.clock,
            words=lambda _: vocabulary,
            payments=self.ledger,
            screening=self.screening,
            profiles=profiles.load,
            open_file=files.open_file,
        )
        self.reference = ReferenceFiles(
            words=lambda _: vocabulary,
            reference=ReferenceService(self.clock),
            open_file=files.open_file,
        )
        self.scheduler = Scheduler(self.clock, self.screening, Alerts(self.clock))

    def load(self, folder: Path) -> None:
        """Load a generated node's reference data."""
        for entity, path in files.reference_files(folder, None):
            given = ReferenceFile(
                entity=entity,
                file=files.hand_in(path),
                division=folder.name,
                by="数据管理岗",
            )
            with self.begin() as session:
                loaded = self.reference.load(session, given)
                assert not loaded.rejected, (entity, loaded)

    def take_in(self, profile: str, divisions: Sequence[str], *paths: Path) -> None:
        """Import files to the end."""
        with self.begin() as session:
            number = self.intake.start_import(
                session,
                profile=profile,
                files=[files.hand_in(path) for path in paths],
                divisions=divisions,
                by="数据管理岗",
            )
        run_import(self.unit_of_work, self.intake, number)

    def live_through(self, folder: Path, days: set[dt.date], scratch: Path) -> None:
        """Take in a generated year in parts, and close the last day of each.

        Args:
            folder: the generated node.
            days: on which a part ends, the last day of payments included.
            scratch: where the parts are written.
        """
        payments = ds.dataset(folder / "payments.parquet").to_table()
        divisions = payments["mof_div_code"].unique().to_pylist()
        since = dt.date.min
        for until in sorted(days):
            dated = ds.field("vou_date")
            part = payments.filter((dated > since) & (dated <= until))
            path = scratch / f"{folder.name}-{until}.parquet"
            pq.write_table(part, path)
            self.take_in("standard", divisions, path)
            self.close(until)
            since = until

    def close(self, day: dt.date) -> None:
        """Run what is due the morning after a day."""
        morning = dt.datetime.combine(day, dt.time(1), CHINA) + dt.timedelta(days=1)
        self.clock.moment = morning.astimezone(dt.UTC)
        sweep(self.unit_of_work, self.scheduler)

    def found(self, sql: str) -> list[tuple[Any, ...]]:  # Any: the query's columns
        """Return the rows of a query."""
        with self.begin() as session:
            return [tuple(row) for row in session.execute(text(sql))]

    def recorded(self) -> dict[int, str]:
        """Return what was recorded: sequence number → outcome letters."""
        return dict(self.found("SELECT payment_seq, outcomes FROM screening"))

    def by_payment(self) -> dict[str, str]:
        """Return what was recorded: payment id and stage → outcome letters."""
        return dict(
            self.found(
                "SELECT p.payment_id || ' ' || p.stage, s.outcomes FROM screening s"
                " JOIN payment p ON p.seq = s.payment_seq"
            )
        )

    def probed(self) -> dict[int, str]:
        """Judge every recorded payment again, by index probes."""
        seqs = sorted(self.recorded())
        judged: dict[int, str] = {}
        for at in range(0, len(seqs), PROBED):
            with self.begin() as session:
                pairs = self.screening.rescreen(session, seqs[at : at + PROBED])
            judged |= {one.seq: one.outcomes for _, one in pairs}
        return judged

    def in_duckdb(self, scratch: Path) -> dict[int, str]:
        """Judge the whole ledger in DuckDB, from a copy of the same tables."""
        history = copy_of(self, scratch)
        statement = self.catalogues.now.realtime
        rows = "SELECT p.*, p.seq AS as_of FROM payment p"
        sql = statement.sql(Dialect.DUCKDB, rows, Plan.SWEEP)
        found = history.sql(sql).project("seq, outcomes").fetchall()
        history.close()
        return dict(found)


def copy_of(node: ScreeningLab, scratch: Path) -> duckdb.DuckDBPyConnection:
    """Copy the ledger and the reference tables into DuckDB."""
    made = duckdb.connect(config={"threads": "2"})
    made.execute("SET timezone = 'UTC'")
    vocabulary = node.catalogues.now.catalogue.vocabulary
    tables = {"payment", *(one.table for one in vocabulary.entities.values())}
    with node.begin() as session:
        cursor = session.connection().connection.cursor()
        for table in sorted(tables):
            path = scratch / f"{table}.csv"
            with path.open("wb") as file:
                cursor.copy_expert(_WHOLE.format(table), file)
            cursor.execute(
                "SELECT a.attname, format_type(a.atttypid, a.atttypmod)"
                " FROM pg_attribute a WHERE a.attrelid = %s::regclass"
                " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
                (table,),
            )
            columns = ", ".join(f"{n} {_TYPES.get(t, t)}" for n, t in cursor.fetchall())
            made.execute(f"CREATE TABLE {table} ({columns})")
            made.execute(
                f"COPY {table} FROM '{path}'"
                " (FORMAT csv, HEADER false, AUTO_DETECT false, DELIMITER ',',"
                " QUOTE '\"', ESCAPE '\"', NULLSTR '', ALLOW_QUOTED_NULLS false)"
            )
            path.unlink()
    return made


def as_request(row: dict[str, Any]) -> dict[str, Any]:  # Any: payment fields
    """Return a generated row as the interface takes it: absent fields left out."""
    return {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in row.items()
        if value is not None
    }


Key = TypeVar("Key", int, str)


def differences(
    node: FilledNode, one: Mapping[Key, str], other: Mapping[Key, str]
) -> list[tuple[Key, str, str, str]]:
    """Return where outcomes differ: payment, rule, the two letters."""
    ids = [each.rule.id for each in node.catalogues.now.realtime.rules]
    assert one.keys() == other.keys()
    return [
        (seq, rule, mine, theirs)
        for seq in one
        if one[seq] != other[seq]
        for rule, mine, theirs in zip(ids, one[seq], other[seq], strict=True)
        if mine != theirs
    ]

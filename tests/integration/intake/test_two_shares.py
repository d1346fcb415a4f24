"""A group stored by two connections comes to the same as by one, whatever happens."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import embedded
import pytest
from facts_lab import fact_rules, year_of_payments
from intake_desk import COUNTY, Desk, Screened
from screening_lab import ScreeningLab
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from kuwei_node import schema
from kuwei_node.intake.adapters import files, profiles
from kuwei_node.intake.domain import sharing
from kuwei_node.intake.domain.progress import State
from kuwei_node.intake.domain.work import Claimed
from kuwei_node.intake.service.imports import Intake
from kuwei_node.intake.tasks import run_import
from kuwei_node.payments.service import Appended
from kuwei_shared.db.engine import PoolLimits, connect
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.vocabulary import Vocabulary

TRANSACTIONS = "SELECT count(DISTINCT xmin::text) FROM payment"
KEYS = ("bgt_id", "pro_code", "contract_no")
STORED = "SELECT count(*) FROM payment"
WHAT_CAME_OF_IT = (
    "SELECT payment_id || outcomes FROM screening JOIN payment ON seq = payment_seq",
    "SELECT payment_id || rule_id FROM hit JOIN payment ON seq = payment_seq",
    "SELECT concat_ws('|', rule_id, subject_key, hit_count, hit_amount) FROM alert",
    "SELECT concat_ws('|', total_id, stage, key, bucket, amount) FROM running_total",
    "SELECT concat_ws('|', batch_no, rows_accepted, pay_amt) FROM intake_batch",
)


@pytest.fixture(autouse=True)
def _few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "ROWS_MIN", 2)


def two_units(tmp_path: Path, count: int = 20, **alike: str) -> Path:
    """Write a file of two units' payments in turn."""
    path = tmp_path / "两个单位.csv"
    names = ["payment_id", "stage", "entry_kind", "mof_div_code", "fiscal_year"]
    names += ["vou_date", "agency_code", "pay_amt", *alike]
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(names)
        for n in range(count):
            known = [f"P{n}", "voucher", "normal", COUNTY, 2026, "2026-03-05"]
            out.writerow([*known, f"A{n % 2}", f"{n + 1}.00", *alike.values()])
    return path


def test_two_units_are_stored_by_two_transactions(desk: Desk, tmp_path: Path) -> None:
    state, _ = desk.run("standard", two_units(tmp_path))

    assert state is State.DONE
    assert desk.column("SELECT rows_accepted FROM intake_batch") == [20]
    assert desk.column(TRANSACTIONS) == [2]
    assert desk.column("SELECT sum(pay_amt)::int FROM payment") == [210]
    assert sorted(one.count for one in desk.screened.calls) == [10, 10]


def test_units_with_a_project_in_common_are_stored_by_one(
    desk: Desk, tmp_path: Path
) -> None:
    desk.run("standard", two_units(tmp_path, pro_code="共建项目"))

    assert desk.column(TRANSACTIONS) == [1]


@pytest.mark.parametrize("call", [1, 2])
def test_when_one_of_two_fails_the_import_goes_on_without_loss(
    desk: Desk, tmp_path: Path, call: int
) -> None:
    import_id = desk.start("standard", two_units(tmp_path))
    desk.screened.fails_at = call

    with pytest.raises(ConnectionError):
        run_import(desk.unit_of_work, desk.intake, import_id)
    assert desk.column("SELECT count(*) FROM intake_batch") == [0]
    state = run_import(desk.unit_of_work, desk.intake, import_id)

    assert state is State.DONE
    assert desk.column(STORED) == [20]
    assert desk.column("SELECT rows_accepted FROM intake_batch") == [20]


def test_a_share_whose_units_nobody_holds_is_given_up(
    desk: Desk, tmp_path: Path
) -> None:
    storing = desk.intake.storing
    with desk.unit_of_work.begin() as session:
        work = desk.intake.take_up(session, desk.start("standard", two_units(tmp_path)))
    [part] = list(desk.intake.parts(work, work.files[0]))
    share = {1: part.mapped.table}

    def stored_unheld() -> None:
        with desk.unit_of_work.begin() as session:
            storing.lock(session, Claimed(batches={}, shares=(share,)))
            staged = storing.stage(session, work, share)
            storing.append_beside(session, work, staged, holder=0)

    with pytest.raises(KuweiError) as refused:
        stored_unheld()

    assert refused.value.code == "payment.unlocked"
    assert desk.column(STORED) == [0]


@dataclass
class Trespassing(Screened):
    """Tries, while a share is being judged, to get hold of every unit."""

    got: list[bool] = field(default_factory=list)

    def screen_appended(self, session: Session, appended: Appended) -> int:
        engine = create_engine(session.connection().engine.url)
        with engine.connect() as other:
            self.got.extend(
                other.execute(
                    text(
                        "SELECT pg_try_advisory_xact_lock(1, hashtext(u) & 4095)"
                        " FROM unnest(ARRAY['agency_code:A0', 'agency_code:A1']) u"
                    )
                ).scalars()
            )
        engine.dispose()
        return super().screen_appended(session, appended)


def test_no_other_screening_gets_at_the_units_of_either_share(
    desk: Desk, tmp_path: Path
) -> None:
    watching = Trespassing()
    desk.intake.storing._screening = watching  # nothing else sees it

    desk.run("standard", two_units(tmp_path))

    assert watching.got == [False] * 4


def came_of(
    postgres: embedded.Postgres, vocabulary: Vocabulary, path: Path, name: str
) -> list[list[object]]:
    """Import a file at a new node with every fact in some rule; return what came."""
    made = connect(postgres.create(name), PoolLimits(), application="t")
    with made.begin() as connection:
        schema.metadata().create_all(connection)
    lab = ScreeningLab(made, fact_rules())
    intake = Intake(
        clock=lab.clock,
        words=lambda _: vocabulary,
        payments=lab.ledger,
        screening=lab.screening,
        profiles=profiles.load,
        open_file=files.open_file,
    )
    desk = Desk(lab.unit_of_work, intake, Screened())
    desk.run("standard", path)
    found = [desk.column(f"{sql} ORDER BY 1") for sql in WHAT_CAME_OF_IT]
    found.append(desk.column(TRANSACTIONS))
    made.dispose()
    return found


def year_apart(tmp_path: Path) -> Path:
    """Write a file of payments whose units have nothing in common."""
    rows = year_of_payments(240, 11)
    path = tmp_path / "一年.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]))
        out.writeheader()
        for row in rows:
            own = {k: f"{row[k]}{row['agency_code']}" for k in KEYS if row[k]}
            plain = {"entry_kind": "normal", "pay_amt": row["pay_amt"].lstrip("-")}
            out.writerow(row | own | plain)
    return path


def test_two_shares_come_to_the_same_as_one(
    postgres: embedded.Postgres,
    vocabulary: Vocabulary,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = year_apart(tmp_path)
    two = came_of(postgres, vocabulary, path, "in_two_shares")
    monkeypatch.setattr(sharing, "ROWS_MIN", 10_000)

    one = came_of(postgres, vocabulary, path, "in_one_share")

    assert (two.pop(), one.pop()) == ([2], [1])
    assert all(one)
    assert two == one

"""Imports ordered through the page, when the database goes away meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from intake_desk import COUNTY, Desk
from sqlalchemy import NullPool, create_engine

from kuwei_node.intake.adapters import profiles
from kuwei_node.intake.adapters.uploads import UploadFolder
from kuwei_node.intake.domain.progress import State
from kuwei_node.intake.domain.rows import BATCH_ROWS, NO_TOTALS
from kuwei_node.intake.service.uploads import ATTEMPTS_MAX, REST, Upload, Uploads
from kuwei_node.intake.tasks import run_import, run_ordered
from kuwei_node.reference.service import ReferenceService
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.identity import scope
from kuwei_shared.identity.principal import Principal, Subject
from kuwei_shared.identity.roles import Role
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import Kind, KuweiError

pytestmark = pytest.mark.integration

Write = Callable[..., Path]
STEWARD = Principal(
    subject=Subject("450102-data-steward"),
    name="数据管理岗",
    roles=frozenset({Role.DATA_STEWARD}),
    jurisdictions=(COUNTY,),
)
LATER = REST + dt.timedelta(seconds=1)


@dataclass(frozen=True)
class Counter:
    """Where files are handed in, and the worker that imports them."""

    desk: Desk
    uploads: Uploads
    clock: SetClock

    def order(self, path: Path) -> int:
        with self.desk.unit_of_work.begin() as session, path.open("rb") as stream:
            upload = Upload(
                stream=stream, name=path.name, profile="standard", declared=NO_TOTALS
            )
            return self.uploads.order(session, scope.of_service(), upload, STEWARD)

    def work(self, attempts: int = 1) -> None:
        """Run what is ordered, as often as given, a rest apart."""
        for _ in range(attempts):
            self.clock.advance(LATER)
            self.run()

    def run(self) -> int:
        return run_ordered(self.desk.unit_of_work, self.desk.intake, self.uploads)

    def state(self) -> tuple[object, object, object]:
        [order] = self.desk.column("SELECT failure FROM intake_order")
        [whole] = self.desk.column("SELECT state FROM intake_import")
        [file] = self.desk.column("SELECT state FROM intake_file")
        return order, whole, file


@pytest.fixture
def counter(desk: Desk, tmp_path: Path) -> Counter:
    clock = SetClock()
    uploads = Uploads(
        clock=clock,
        intake=desk.intake,
        reference=ReferenceService(clock),
        home=lambda: COUNTY,
        keep=UploadFolder(tmp_path / "uploads").keep,
        profiles=profiles.titles,
        aside=UnitOfWork(
            create_engine(desk.unit_of_work.engine.url, poolclass=NullPool)
        ),
    )
    return Counter(desk, uploads, clock)


def test_an_import_the_database_cut_off_rests_for_a_while(
    counter: Counter, standard: Write
) -> None:
    counter.order(standard("1.00"))
    counter.desk.screened.cuts = 1

    counter.work()

    assert counter.state() == (None, "running", "waiting")
    assert counter.run() == 0


def test_an_import_the_database_cut_off_is_done_when_it_has_rested(
    counter: Counter, standard: Write
) -> None:
    counter.order(standard("1.00", "2.00"))
    counter.desk.screened.cuts = 1

    counter.work(attempts=2)

    assert counter.state() == (None, "done", "done")
    assert counter.desk.column("SELECT count(*) FROM payment") == [2]


def test_an_import_that_is_cut_off_every_time_fails_in_the_end(
    counter: Counter, standard: Write
) -> None:
    counter.order(standard("1.00"))
    counter.desk.screened.cuts = ATTEMPTS_MAX

    counter.work(attempts=ATTEMPTS_MAX)

    failure, *states = counter.state()
    assert "稍后重试" in str(failure)
    assert states == ["failed", "failed"]


def test_a_failure_of_the_whole_spares_the_files_that_were_done(
    counter: Counter, standard: Write
) -> None:
    import_id = counter.order(standard("1.00"))
    run_import(counter.desk.unit_of_work, counter.desk.intake, import_id)
    lost = KuweiError("profile.unknown", "没有这个导入方案。", kind=Kind.MISSING)

    with counter.desk.unit_of_work.begin() as session:
        order = counter.uploads.claim(session, import_id)
        assert order is not None
        counter.uploads.finished(session, order, lost)

    assert counter.state() == ("没有这个导入方案。", "failed", "done")


def test_an_import_somebody_is_at_is_nobody_elses(
    counter: Counter, standard: Write
) -> None:
    first = counter.order(standard("1.00"))
    second = counter.order(standard("2.00", name="另.csv"))

    hold = counter.uploads.hold
    with hold() as mine, hold() as other, hold() as nothing:
        held = (mine, other, nothing)

    assert held == (first, second, None)


def test_who_let_an_import_go_leaves_it_to_the_next_at_once(
    counter: Counter, standard: Write
) -> None:
    number = counter.order(standard("1.00"))
    with pytest.raises(ConnectionError), counter.uploads.hold():
        raise ConnectionError

    with counter.uploads.hold() as held:
        assert held == number


def test_an_order_that_was_finished_meanwhile_is_not_begun_again(
    counter: Counter, standard: Write
) -> None:
    number = counter.order(standard("1.00"))
    counter.run()

    with counter.desk.unit_of_work.begin() as session:
        assert counter.uploads.claim(session, number) is None


def test_an_import_that_stopped_in_silence_every_time_is_given_up(
    counter: Counter, standard: Write
) -> None:
    number = counter.order(standard("1.00"))
    for _ in range(ATTEMPTS_MAX):
        with counter.desk.unit_of_work.begin() as session:
            counter.uploads.claim(session, number)

    counter.run()

    failure, *states = counter.state()
    assert f"已中途停止 {ATTEMPTS_MAX} 次" in str(failure)
    assert states == ["failed", "failed"]
    assert counter.desk.column("SELECT count(*) FROM payment") == [0]


def test_an_import_nobody_ordered_is_abandoned_when_nobody_is_at_it(
    counter: Counter, standard: Write
) -> None:
    number = counter.desk.start("standard", standard("1.00"))

    with counter.uploads.at_work(number):
        working = counter.desk.progress(number)
    left = counter.desk.progress(number)

    assert (working.state_title, working.is_over) == ("等待导入", False)
    assert (left.state_title, left.is_over) == ("已中断", True)


def test_an_ordered_import_is_not_abandoned_though_nobody_is_at_it_yet(
    counter: Counter, standard: Write
) -> None:
    number = counter.order(standard("1.00"))

    waiting = counter.desk.progress(number)
    counter.run()

    assert (waiting.state_title, waiting.is_over) == ("等待导入", False)
    assert counter.desk.progress(number).state_title == "已完成"


def test_an_abandoned_import_goes_on_when_the_file_is_imported_again(
    counter: Counter, standard: Write
) -> None:
    file = standard(*["1.00"] * (BATCH_ROWS + 1))
    number = counter.desk.start("standard", file)
    counter.desk.screened.fails_at = 2
    with pytest.raises(ConnectionError):
        run_import(counter.desk.unit_of_work, counter.desk.intake, number)

    state, again = counter.desk.run("standard", file)

    assert counter.desk.progress(number).is_abandoned
    assert (state, again.is_abandoned) == (State.DONE, False)
    assert (again.accepted, again.present) == (BATCH_ROWS + 1, 0)

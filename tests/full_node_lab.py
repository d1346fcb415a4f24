"""A node with more rows in every table than a small page holds, all of them known."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import embedded
import post_lab
from node_site_lab import held_payment
from post_lab import REASON, Office
from screening_lab import COUNTY, REVIEWER

from kuwei_node.intake.domain.rows import Totals
from kuwei_node.intake.service.uploads import Upload
from kuwei_node.schedule.tasks import run_one
from kuwei_shared.identity.principal import Principal, Subject
from kuwei_shared.identity.roles import Role
from kuwei_shared.identity.scope import of_jurisdictions
from kuwei_shared.kernel.clock import SetClock

HERE = of_jurisdictions([COUNTY])
STEWARD = Principal(
    subject=Subject("steward"),
    name="数据管理岗",
    roles=frozenset({Role.DATA_STEWARD}),
    jurisdictions=(COUNTY,),
)
DRAFTER = Principal(
    subject=Subject("drafter"),
    name="规则起草岗",
    roles=frozenset({Role.RULE_DRAFTER}),
    jurisdictions=(COUNTY,),
)
HEAD = "支付主键,支付环节,记录性质,财政区划代码,预算年度,业务日期,预算单位代码,支付金额"
ROW = "{id},voucher,normal,450102000,2026,{day},103001,{amount}"
MINUTE = dt.timedelta(minutes=1)
UNITS = {"101001": "兴宁区教育局", "101002": "兴宁区卫生健康局"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """The office, and the clock it works by."""

    office: Office
    clock: SetClock

    def see(self, path: str) -> str:
        """Open a page as the auditor, who may see and export every table."""
        return self.office.read(path, Role.AUDITOR).text


@contextlib.contextmanager
def full_node(postgres: embedded.Postgres, folder: Path) -> Iterator[Full]:
    """Half a year of a county: all that a person or a machine can leave behind."""
    url = postgres.create("node_tables")
    engine = post_lab.tables(url)
    post_lab.put_in_force(engine)
    clock = SetClock(dt.datetime(2026, 7, 3, 1, 0, tzinfo=dt.UTC))
    with post_lab.office(url, folder, clock) as office:
        found = Full(office=office, clock=clock)
        for fill in (_payments, _decisions, _receipts, _looks, _proposals, _imports):
            fill(found)
        _runs(found)
        with engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
        engine.dispose()
        yield found


def _payments(full: Full) -> None:
    """Hold 22 payments: numbers, amounts and days run against each other."""
    for n in range(1, 23):
        unit = ("101001", "101002")[n % 2]
        full.clock.advance(MINUTE)
        full.office.screen(
            held_payment(
                f"T-{n:02}",
                agency_code=unit,
                agency_name=UNITS[unit],
                vou_date=f"2026-{n % 6 + 1:02}-10",
                pay_amt=f"{n * 37 % 23 + 1}.50",
            )
        )


def _decisions(full: Full) -> None:
    """Decide every second of them: six are released, five refused."""
    node = full.office.node
    for n in range(1, 23, 2):
        full.clock.advance(MINUTE)
        seq = full.office.seq_of(f"T-{n:02}")
        act = node.holds.release if n % 4 == 1 else node.holds.refuse
        with node.unit_of_work.begin() as session:
            act(session, HERE, seq, by=REVIEWER, reason=REASON)


def _receipts(full: Full) -> None:
    """Report 11 receipts of one unit without a function code: one alert."""
    plain = {
        "stage": "receipt",
        "agency_code": "101003",
        "vou_date": "2026-06-20",
        "checker_code": "u1",
        "payee_acct_name": "南宁市第一印刷厂",
        "pay_amt": "99.30",
    }
    full.office.screen(*(held_payment(f"R-{n:02}", **plain) for n in range(1, 12)))


def _looks(full: Full) -> None:
    """Leave 11 acts in the log."""
    seq = full.office.seq_of("T-01")
    with full.office.post(Role.AUDITOR) as browser:
        for _ in range(11):
            full.clock.advance(MINUTE)
            browser.post(f"/payments/{seq}/rescreen")


def _proposals(full: Full) -> None:
    """Propose ten values that are refused, and one that waits."""
    node = full.office.node
    for n in range(1, 12):
        full.clock.advance(MINUTE)
        with node.unit_of_work.begin() as session:
            number = node.proposals.propose(
                session,
                "GX-U10",
                "limit",
                value=f"{n + 1}000000",
                reason=REASON,
                by=DRAFTER,
            )
            if n < 11:
                node.proposals.refuse(session, number, by=REVIEWER, note=REASON)


def _imports(full: Full) -> None:
    """Import nine files; the last has six bad amounts and five bad days."""
    for n in range(1, 9):
        _hand_in(full, ROW.format(id=f"I-{n}", day="2026-05-05", amount="5.00"))
    money = [ROW.format(id=f"B-{n}", day="2026-05-05", amount="x") for n in range(6)]
    days = [ROW.format(id=f"D-{n}", day="五月", amount="5.00") for n in range(5)]
    _hand_in(full, *money, *days)
    full.office.run_imports()


def _hand_in(full: Full, *rows: str) -> None:
    full.clock.advance(MINUTE)
    content = "\n".join([HEAD, *rows]).encode()
    upload = Upload(
        stream=io.BytesIO(content),
        name="五月.csv",
        profile="standard",
        declared=Totals(rows=None, pay_amt=None),
    )
    with full.office.node.unit_of_work.begin() as session:
        full.office.node.uploads.order(session, HERE, upload, STEWARD)


def _runs(full: Full) -> None:
    """Run what is due, a minute apart."""
    node = full.office.node
    with node.unit_of_work.begin() as session:
        node.scheduler.ask_for_due(session)
    while run_one(node.unit_of_work, node.scheduler):
        full.clock.advance(MINUTE)

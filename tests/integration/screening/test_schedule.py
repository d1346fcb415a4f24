import datetime as dt

import pytest
from screening_lab import COUNTY, ScreeningLab, effective, payment, rule, standard
from sqlalchemy import Engine, text

from kuwei_node.alerts.service import Alerts
from kuwei_node.schedule.service import Scheduler
from kuwei_node.schedule.tasks import run_one, sweep
from kuwei_shared.rules.compiler import untuned
from kuwei_shared.rules.model import Dedupe, Schedule
from kuwei_shared.screening.effective import EffectiveCatalogue

SPLIT = rule(
    "SPLIT",
    "pay_amt > 0 and pay_amt <= 2500 and fact.card_day_max <= 2500"
    " and fact.card_day_count >= 2 and fact.card_day_sum > 2500",
    requires=("card_no", "merchant_name"),
    schedule=Schedule.DAY_END,
    dedupe=Dedupe(by=("card_no", "merchant_name", "vou_date"), window="day"),
)
RESIDUE = rule(
    "RESIDUE",
    "account_day.end_balance <> 0",
    subject="account_day",
    explain="日终余额 {account_day.end_balance} 元。",
    schedule=Schedule.DAY_END,
)
CASH = rule(
    "CASH",
    "fact.cash_month_count > 2",
    subject="agency",
    explain="当月提现 {fact.cash_month_count} 笔。",
    schedule=Schedule.MONTH_END,
)


def on_card(number: int, day: str, amount: str) -> dict[str, object]:
    return payment(
        f"c{number}",
        stage="voucher",
        vou_date=day,
        card_no="K1",
        merchant_name="超市",
        pay_amt=amount,
    )


@pytest.fixture
def lab(engine: Engine) -> ScreeningLab:
    return ScreeningLab(engine, effective(SPLIT, RESIDUE, CASH))


def scheduler(lab: ScreeningLab) -> Scheduler:
    lab.clock.moment = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    return Scheduler(lab.clock, lab.screening, Alerts(lab.clock))


def alerts(lab: ScreeningLab) -> list[tuple[str, str, int]]:
    with lab.begin() as session:
        rows = session.execute(
            text("SELECT rule_id, subject_key, hit_count FROM alert ORDER BY 1, 2")
        )
        return [tuple(row) for row in rows]


def test_a_split_is_one_alert_once_the_day_is_over(lab: ScreeningLab) -> None:
    lab.screen(
        on_card(1, "2026-03-05", "2000.00"),
        on_card(2, "2026-03-05", "2400.00"),
        on_card(3, "2026-03-06", "2000.00"),
        on_card(4, "2026-03-06", "2600.00"),
    )

    sweep(lab.unit_of_work, scheduler(lab))

    assert alerts(lab) == [("SPLIT", "K1|超市|2026-03-05", 2)]


def test_a_payment_is_judged_once_whatever_stages_it_went_through(
    lab: ScreeningLab,
) -> None:
    stages = ("request", "voucher", "receipt")
    parts = (on_card(1, "2026-03-05", "2000.00"), on_card(2, "2026-03-05", "900.00"))
    for stage in stages:
        lab.screen(*(part | {"stage": stage} for part in parts))
    lab.screen(
        *(on_card(n, "2026-03-06", "2000.00") | {"stage": "receipt"} for n in (3, 4))
    )

    sweep(lab.unit_of_work, scheduler(lab))

    assert alerts(lab) == [
        ("SPLIT", "K1|超市|2026-03-05", 2),
        ("SPLIT", "K1|超市|2026-03-06", 2),
    ]


def test_a_late_arrival_has_its_day_run_again(lab: ScreeningLab) -> None:
    lab.screen(on_card(1, "2026-03-05", "2000.00"))
    due = scheduler(lab)
    sweep(lab.unit_of_work, due)
    lab.screen(on_card(2, "2026-03-05", "1000.00"))

    done = sweep(lab.unit_of_work, due)

    assert done > 0
    assert alerts(lab) == [("SPLIT", "K1|超市|2026-03-05", 2)]


def test_nothing_new_means_nothing_due(lab: ScreeningLab) -> None:
    lab.screen(on_card(1, "2026-03-05", "2000.00"))
    due = scheduler(lab)
    sweep(lab.unit_of_work, due)

    assert sweep(lab.unit_of_work, due) == 0


def test_a_run_leaves_a_receipt_for_every_rule(lab: ScreeningLab) -> None:
    lab.screen(on_card(1, "2026-03-05", "2000.00"))

    sweep(lab.unit_of_work, scheduler(lab))

    with lab.begin() as session:
        receipts = session.execute(
            text("SELECT receipts FROM scheduled_run ORDER BY id LIMIT 1")
        ).scalar_one()
    assert receipts["payment"] == [
        {
            "rule_id": "SPLIT",
            "rows": 1,
            "hits": 0,
            "undetermined": 0,
            "failed": None,
        }
    ]
    assert receipts["account_day"][0]["rows"] == 0


def test_subjects_other_than_payments_raise_alerts(lab: ScreeningLab) -> None:
    with lab.begin() as session:
        session.execute(
            text(
                "INSERT INTO account_day (acct_no, balance_date, mof_div_code,"
                " agency_code, end_balance) VALUES ('Z1', '2026-03-05', :c, 'A', 5)"
            ),
            {"c": COUNTY},
        )
        own = "INSERT INTO agency (agency_code, mof_div_code) VALUES ('101001', :c)"
        session.execute(text(own), {"c": COUNTY})
    cash = {"stage": "voucher", "set_mode_code": "4", "vou_date": "2026-03-05"}
    lab.screen(*(payment(f"m{n}", **cash) for n in range(3)))

    sweep(lab.unit_of_work, scheduler(lab))

    assert alerts(lab) == [("CASH", "101001", 1), ("RESIDUE", "Z1|2026-03-05", 1)]


def test_a_worker_that_is_gone_loses_its_run_to_the_next_at_once(
    lab: ScreeningLab,
) -> None:
    lab.screen(on_card(1, "2026-03-05", "2000.00"))
    due = scheduler(lab)
    with lab.begin() as session:
        due.ask_for_due(session)
        lost = due.claim(session)
    while run_one(lab.unit_of_work, due):
        pass

    assert lost is not None
    with lab.begin() as session:
        assert due.run(session, lost) == {}
        runs = text("SELECT max(attempt), bool_and(as_of > 0) FROM scheduled_run")
        assert tuple(session.execute(runs).one()) == (2, True)


def test_a_run_somebody_is_working_on_is_nobody_elses(lab: ScreeningLab) -> None:
    lab.screen(on_card(1, "2026-03-05", "2000.00"))
    due = scheduler(lab)
    with lab.begin() as session:
        due.ask_for_due(session)
        mine = due.claim(session)
    assert mine is not None
    with lab.begin() as working:
        due.run(working, mine)

        with lab.begin() as other:
            claims = list(iter(lambda: due.claim(other), None))

    assert len(claims) > 0
    assert mine.run_id not in {one.run_id for one in claims}


def test_asking_does_not_wait_for_who_works(lab: ScreeningLab) -> None:
    lab.screen(on_card(1, "2026-03-05", "2000.00"))
    due = scheduler(lab)
    sweep(lab.unit_of_work, due)
    lab.screen(on_card(2, "2026-03-05", "1000.00"))
    sweep(lab.unit_of_work, due)
    lab.screen(on_card(3, "2026-03-05", "1000.00"))
    with lab.begin() as working:
        working.execute(text("SELECT 1 FROM scheduled_run FOR UPDATE"))

        with lab.begin() as other:
            other.execute(text("SET LOCAL lock_timeout = '100ms'"))
            asked = due.ask_for_due(other)

    assert asked == 0
    assert sweep(lab.unit_of_work, due) > 0


def test_every_scheduled_rule_of_the_catalogue_runs(engine: Engine) -> None:
    catalogue = standard()
    lab = ScreeningLab(
        engine,
        EffectiveCatalogue(
            release="standard", catalogue=catalogue, rules=untuned(catalogue)
        ),
    )
    lab.screen(on_card(1, "2026-03-05", "2000.00"))

    sweep(lab.unit_of_work, scheduler(lab))

    with lab.begin() as session:
        rows = session.execute(text("SELECT receipts, failure FROM scheduled_run"))
        found = [(receipts, failure) for receipts, failure in rows]
    assert all(failure is None for _, failure in found)
    run = {one["rule_id"] for each, _ in found for s in each.values() for one in s}
    assert run == {r.id for r in catalogue.rules.values() if r.schedule is not None}

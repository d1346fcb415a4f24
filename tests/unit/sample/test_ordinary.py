# ruff: noqa: S608  # the queries are written here
"""What innocent payments look like: large, near limits, odd, incomplete."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from kuwei_shared.sample.profiles import INDEX, PROFILES
from kuwei_shared.sample.province import generate
from kuwei_shared.sample.sizes import amounts
from kuwei_shared.sample.spec import ProvinceSpec

MANY = 200_000
WORKS, CARS, OFFICES = INDEX["31005"], INDEX["30231"], INDEX["31002"]


@pytest.fixture(scope="module")
def innocent(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The payments of a province without violations."""
    out = tmp_path_factory.mktemp("innocent")
    generate(ProvinceSpec(payments=12_000, nodes=2, violation_rate=0), out)
    db = duckdb.connect()
    db.read_parquet(str(out / "*" / "payments.parquet")).create_view("payment")
    db.read_parquet(str(out / "*" / "account.parquet")).create_view("account")
    return db


def drawn(profile: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    rng = np.random.default_rng(1)
    return amounts(rng, np.full(MANY, profile), np.ones(MANY))


def ask(db: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    return db.execute(sql).fetchall()


def test_amounts_have_a_long_tail() -> None:
    works, offices = drawn(WORKS), drawn(OFFICES)

    assert (offices > 60 * np.median(offices)).mean() > 3e-5
    assert 0.001 < (works >= 2_000_000_000).mean() < 0.02


def test_amounts_crowd_just_below_a_limit() -> None:
    fen = drawn(WORKS)
    limit = 2_000_000_000

    below = ((fen >= limit * 0.97) & (fen < limit)).mean()
    beyond = ((fen >= limit) & (fen < limit * 1.03)).mean()
    assert below > 5 * beyond


def test_no_card_pays_beyond_its_credit() -> None:
    assert drawn(CARS).max() < 5_000_000
    assert {p.cap < 50_000 for p in PROFILES if p.channel == "card"} == {True}


def test_money_of_every_scope_is_paid(innocent: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT fund_scope FROM payment GROUP BY 1 HAVING count(*) > 50 ORDER BY 1"

    found = [scope for (scope,) in ask(innocent, sql)]

    assert found == ["own_fund", "special_account", "transfer", "zero_balance"]


def test_each_scope_is_paid_from_its_own_kind_of_account(
    innocent: duckdb.DuckDBPyConnection,
) -> None:
    sql = (
        "SELECT DISTINCT fund_scope, acct_kind FROM payment"
        " JOIN account ON acct_no = pay_acct_no"
        " WHERE fund_scope IN ('own_fund', 'special_account') ORDER BY ALL"
    )

    kinds = [("own_fund", "own_fund"), ("special_account", "special")]
    assert ask(innocent, sql) == kinds


@pytest.mark.parametrize("kind", ["refund", "correction", "reversal"])
def test_payments_are_taken_back(
    innocent: duckdb.DuckDBPyConnection, kind: str
) -> None:
    sql = f"SELECT count(*) FROM payment WHERE entry_kind = '{kind}'"

    assert ask(innocent, sql) > [(0,)]


def test_what_the_bank_returned_is_paid_again_by_the_same_invoice(
    innocent: duckdb.DuckDBPyConnection,
) -> None:
    sql = (
        "SELECT count(*) FROM payment o JOIN payment r ON r.orig_payment_id ="
        " o.payment_id AND r.pay_amt = -o.pay_amt JOIN payment a"
        " ON a.invoice_no = o.invoice_no AND a.pay_amt = o.pay_amt"
        " AND a.create_time > r.create_time AND a.agency_code = o.agency_code"
        " AND a.payee_acct_no = o.payee_acct_no"
    )

    assert ask(innocent, sql) > [(0,)]


@pytest.mark.parametrize(
    "field", ["invoice_no", "attach_cnt", "payee_acct_bank_name", "checker_code"]
)
def test_optional_elements_are_missing_here_and_there(
    innocent: duckdb.DuckDBPyConnection, field: str
) -> None:
    sql = f"SELECT avg(({field} IS NULL)::int) FROM payment WHERE card_no IS NOT NULL"

    ((share,),) = ask(innocent, sql)

    assert 0.0 < float(str(share)) < 0.1


def test_purposes_are_many_and_some_only_sound_wrong(
    innocent: duckdb.DuckDBPyConnection,
) -> None:
    ((texts,),) = ask(innocent, "SELECT count(DISTINCT use_des) FROM payment")
    odd = "use_des LIKE '%接待日%' OR use_des LIKE '%签证%' OR use_des LIKE '%旅游%'"

    assert int(str(texts)) > 600
    assert ask(innocent, f"SELECT count(*) FROM payment WHERE {odd}") > [(5,)]


def test_innocent_payments_go_to_names_like_persons_and_units(
    innocent: duckdb.DuckDBPyConnection,
) -> None:
    sql = (
        "SELECT count(*) FILTER (length(payee_acct_name) <= 3),"
        " count(*) FILTER (payee_acct_name = agency_name || '食堂')"
        " FROM payment WHERE NOT EXISTS"
        " (FROM account WHERE acct_no = payee_acct_no)"
    )

    ((shops, canteens),) = ask(innocent, sql)

    assert int(str(shops)) > 0
    assert int(str(canteens)) > 0


def test_with_many_taken_back_there_are_as_many_payments_as_asked(
    tmp_path: Path,
) -> None:
    spec = ProvinceSpec(payments=5_000, nodes=1, violation_rate=0, refund_share=0.05)
    generate(spec, tmp_path)
    payments = duckdb.read_parquet(str(tmp_path / "*" / "payments.parquet"))

    count = payments.aggregate("count(DISTINCT payment_id)").fetchall()

    assert count == [(5_000,)]

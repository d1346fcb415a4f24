"""Invoice lines are no duplicates, split card payments are: figures to the row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from real_payments import CALDERDALE, NORTH_TYNESIDE, US_CARDS, needs_real_payments
from treasury_lab import Books

pytestmark = [pytest.mark.integration, pytest.mark.realdata, needs_real_payments]
NewBooks = Callable[[str], Books]
LIMIT = 2500
SPLITS = """
SELECT CARDNUM, MERCHNUM, DATE FROM (
  SELECT CARDNUM, coalesce(MERCHNUM, '') AS MERCHNUM, DATE,
    replace(replace(ltrim(AMOUNT, '$'), '.', ''), ',', '.')::DECIMAL(18, 2) AS paid
  FROM read_csv($file, all_varchar = true))
WHERE paid > 0 GROUP BY ALL
HAVING count(*) >= 2 AND max(paid) <= $limit AND sum(paid) > $limit
"""
"""Same card, merchant and day; at least two positive parts within the limit."""


def splits_in_the_file() -> list[tuple[str, str | None, str]]:
    with duckdb.connect() as connection:
        values = {"file": str(US_CARDS), "limit": LIMIT}
        return connection.execute(SPLITS, values).fetchall()


def test_card_splitting_finds_exactly_the_known_splits(books: NewBooks) -> None:
    node = books("cards")
    node.tune("CT-7", "limit", f"{LIMIT}.00")
    node.take_in("us_purchasing_cards", US_CARDS)

    node.run_scheduled()

    found = node.rows("SELECT subject_key FROM alert WHERE rule_id = 'CT-7'")
    known = {
        f"{card}|{merchant or '无商户号'}|{day[6:]}-{day[3:5]}-{day[:2]}"
        for card, merchant, day in splits_in_the_file()
    }
    assert len(found) == len(known) == 567
    assert {str(key) for (key,) in found} == known


def test_lines_of_one_invoice_are_not_called_duplicates(books: NewBooks) -> None:
    node = books("invoices")

    node.take_in("northtyneside_invoices", *sorted(NORTH_TYNESIDE.glob("*_i.csv")))

    [(repeated,)] = node.rows(
        "SELECT sum(lines - 1) FROM (SELECT count(*) AS lines FROM payment"
        " GROUP BY invoice_no, vou_date, pay_amt) same"
    )
    assert int(str(repeated)) > 10_000
    assert "GX-U15A" not in node.hits()
    assert node.hits()["GX-U15B"] == 32


def test_only_invoices_paid_again_another_day_are_duplicates(books: NewBooks) -> None:
    node = books("calderdale")

    node.take_in("calderdale_invoices", *sorted(CALDERDALE.glob("2019-??.csv")))

    again = node.rows(
        "SELECT count(*) FROM (SELECT min(vou_date) OVER w AS first, * FROM payment"
        " WHERE invoice_no IS NOT NULL AND entry_kind = 'normal' WINDOW w AS"
        " (PARTITION BY agency_code, invoice_no, pay_amt)) paid"
        " WHERE vou_date > first AND pay_amt >= 100"
        " AND dep_bgt_eco_code NOT LIKE '301%' AND dep_bgt_eco_code NOT LIKE '303%'"
    )
    assert again == [(19,)]
    assert node.hits()["GX-U15A"] == 19
    assert node.alerts()["GX-U15A"] == 5


@pytest.mark.parametrize(
    ("profile", "pattern", "council"),
    [
        ("northtyneside_cards", "*_p.csv", NORTH_TYNESIDE),
        ("calderdale_cards", "*-card.csv", CALDERDALE),
    ],
)
def test_card_statements_raise_no_duplicates(
    books: NewBooks, profile: str, pattern: str, council: Path
) -> None:
    node = books(profile)

    node.take_in(profile, *sorted(council.glob(pattern)))

    assert node.hits().keys() <= {"SX-5", "CT-14"}

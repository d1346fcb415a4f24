"""Real files through readers and mapping alone, totals to the unit."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from real_payments import (
    CALDERDALE,
    HIMACHAL,
    NORTH_TYNESIDE,
    ROOT,
    US_CARDS,
    needs_real_payments,
)

from kuwei_node.intake.adapters import files, profiles
from kuwei_node.intake.domain.mapping import Mapped, Mapper
from kuwei_node.intake.domain.rows import BATCH_ROWS, Totals
from kuwei_shared.catalogue.loading import load
from kuwei_shared.rules.vocabulary import Field

pytestmark = [pytest.mark.realdata, needs_real_payments]

COUNTY = ("450102000",)


@pytest.fixture(scope="module")
def payment_fields() -> dict[str, Field]:
    return dict(load(ROOT / "rules-catalog").vocabulary.payment)


def mapped(
    fields: dict[str, Field],
    profile: str,
    path: Path,
    divisions: tuple[str, ...] | None,
) -> list[Mapped]:
    wanted = load_profile(profile)
    source = files.open_file(str(path), path.name, wanted.reader)
    mapper = Mapper(wanted, fields, place=source.place, divisions=divisions)
    return [mapper.map(chunk) for chunk in source.chunks(BATCH_ROWS)]


load_profile = functools.cache(profiles.load)


def totals(batches: Iterable[Mapped]) -> Totals:
    whole = Totals()
    for batch in batches:
        whole = whole.plus(batch.totals)
    return whole


def test_every_treasury_report_reproduces_its_own_totals(
    payment_fields: dict[str, Field],
) -> None:
    whole = Totals()
    for path in sorted(HIMACHAL.glob("*.csv")):
        batches = mapped(payment_fields, "himachal", path, None)
        assert not any(batch.broken for batch in batches), path.name
        assert all(totals([b]).agrees_with(b.declared) for b in batches), path.name
        whole = whole.plus(totals(batches))

    assert whole.rows == 419_821
    assert whole.pay_amt == Decimal(234_170_616_851)
    assert whole.xpay_amt == Decimal(209_469_090_874)


@pytest.mark.parametrize(
    ("profile", "paths", "rows", "amount"),
    [
        (
            "northtyneside_invoices",
            NORTH_TYNESIDE.glob("*_i.csv"),
            37_899,
            "99889755.32",
        ),
        ("northtyneside_cards", NORTH_TYNESIDE.glob("*_p.csv"), 45_861, "503224.79"),
        (
            "calderdale_invoices",
            CALDERDALE.glob("2019-??.csv"),
            27_158,
            "177913779.57",
        ),
        ("calderdale_cards", CALDERDALE.glob("*-card.csv"), 13_199, "859368.42"),
        ("us_purchasing_cards", [US_CARDS], 95_076, "39037422.06"),
    ],
)
def test_every_council_and_card_file_is_read_whole(
    payment_fields: dict[str, Field],
    profile: str,
    paths: Iterable[Path],
    rows: int,
    amount: str,
) -> None:
    batches = [
        batch
        for path in sorted(paths)
        for batch in mapped(payment_fields, profile, path, COUNTY)
    ]

    assert not any(batch.broken for batch in batches)
    whole = totals(batches)
    assert (whole.rows, whole.pay_amt) == (rows, Decimal(amount))


def test_lines_of_one_invoice_have_numbers_of_their_own(
    payment_fields: dict[str, Field],
) -> None:
    path = NORTH_TYNESIDE / "2015-01_i.csv"
    batches = mapped(payment_fields, "northtyneside_invoices", path, COUNTY)

    lines = ask(
        batches,
        "SELECT count(DISTINCT (invoice_no, line_no)), count(DISTINCT payment_id),"
        " count(*) FILTER (line_no = 1) FROM payments",
    )

    assert lines == [(12_179, 12_179, 4_262)]


def test_same_day_splits_are_as_many_in_the_mapping_as_in_the_file(
    payment_fields: dict[str, Field],
) -> None:
    batches = mapped(payment_fields, "us_purchasing_cards", US_CARDS, COUNTY)

    in_file = ask([], SPLITS.format(source=RAW.format(file=US_CARDS)))
    in_mapping = ask(batches, SPLITS.format(source=MAPPED))

    assert in_file == [(567,)]
    assert in_mapping == [(567,)]


RAW = (
    "SELECT CARDNUM AS card, MERCHNUM AS merchant, DATE AS day,"
    " replace(replace(ltrim(AMOUNT, '$'), '.', ''), ',', '.')::DECIMAL(18, 2) AS amount"
    " FROM read_csv('{file}', all_varchar = true)"
)
MAPPED = (
    "SELECT card_no AS card, merchant_name AS merchant, vou_date AS day,"
    " pay_amt AS amount FROM payments"
)
SPLITS = (
    "SELECT count(*) FROM (SELECT 1 FROM ({source}) WHERE amount > 0"
    " GROUP BY card, merchant, day"
    " HAVING count(*) >= 2 AND max(amount) <= 2500 AND sum(amount) > 2500)"
)
"""Same card, merchant and day; at least two positive parts within the limit."""


def ask(batches: list[Mapped], question: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        if batches:
            rows = pa.concat_tables([batch.table for batch in batches])
            connection.register("payments", rows)
        return connection.execute(question).fetchall()

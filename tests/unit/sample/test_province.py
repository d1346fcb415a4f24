from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from stdnum.cn import uscc

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.sample.cli import generate as command
from kuwei_shared.sample.places import DEMO_CODES, all_places, choose
from kuwei_shared.sample.province import generate
from kuwei_shared.sample.spec import ProvinceSpec

SMALL = ProvinceSpec(payments=1_000, seed=3)
TABLES = ("payments", "labels", "agency")


@pytest.fixture(scope="module")
def db(province: Path) -> duckdb.DuckDBPyConnection:
    """Every node's tables together, each row with its node."""
    connection = duckdb.connect()
    for table in TABLES:
        glob = str(province / "*" / f"{table}.parquet")
        rows = connection.read_parquet(glob, filename=True)
        node = "*, split_part(filename, '/', -2) AS node"
        rows.project(node).create_view(table)
    return connection


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        generate(SMALL, tmp_path / name)

    files = sorted(
        p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.*")
    )
    assert len(files) > len(DEMO_CODES)
    for file in files:
        one, two = (tmp_path / name / file for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_another_seed_gives_other_payments(tmp_path: Path) -> None:
    generate(SMALL, tmp_path / "one")
    generate(ProvinceSpec(payments=1_000, seed=4), tmp_path / "two")

    file = f"{DEMO_CODES[0]}/payments.parquet"
    one, two = (pq.read_table(tmp_path / name / file) for name in ("one", "two"))
    assert not one.equals(two)


def test_as_many_payments_as_asked(
    db: duckdb.DuckDBPyConnection, province: Path
) -> None:
    query = "SELECT count(DISTINCT payment_id) FROM payments"

    found = db.execute(query).fetchall()

    assert found == [(6_000,)]
    assert json.loads((province / "manifest.json").read_text())["payments"] == 6_000


def test_no_payment_has_a_stage_twice(db: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT payment_id, stage FROM payments GROUP BY ALL HAVING count(*) > 1"

    assert db.execute(query).fetchall() == []


def test_payments_come_in_the_order_they_were_made(province: Path) -> None:
    for file in province.glob("*/payments.parquet"):
        times = pq.read_table(file)["create_time"]
        assert times.to_pylist() == sorted(times.to_pylist())


def test_townships_live_in_their_countys_folder(db: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT DISTINCT mof_div_code FROM payments WHERE node = '450102000'"

    found = {code for (code,) in db.execute(query).fetchall()}

    assert found == {"450102000", "450102101", "450102102"}


def test_every_refund_names_an_earlier_payment_of_the_same_unit(
    db: duckdb.DuckDBPyConnection,
) -> None:
    query = (
        "SELECT count(*), count(o.payment_id) FROM payments r"
        " LEFT JOIN payments o"
        " ON o.payment_id = r.orig_payment_id AND o.stage = 'voucher'"
        " AND o.agency_code = r.agency_code AND o.create_time < r.create_time"
        " AND o.pay_amt >= -r.pay_amt WHERE r.entry_kind <> 'normal'"
        " AND r.payment_id NOT IN (SELECT key FROM labels"
        " WHERE rule_id = 'GX-U15E')"
    )

    ((refunds, matched),) = db.execute(query).fetchall()

    assert refunds == matched > 0


def test_every_label_names_a_payment_there_is(db: duckdb.DuckDBPyConnection) -> None:
    query = (
        "SELECT l.* FROM labels l"
        " ANTI JOIN payments p ON p.payment_id = l.key"
        " WHERE l.subject = 'payment'"
    )

    assert db.execute(query).fetchall() == []


def test_december_is_the_busiest_month(db: duckdb.DuckDBPyConnection) -> None:
    query = (
        "SELECT month(vou_date) FROM payments GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    )

    assert db.execute(query).fetchall() == [(12,)]


def test_units_have_valid_credit_codes(db: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT unifsoc_cred_code FROM agency"

    for (code,) in db.execute(query).fetchall():
        assert uscc.is_valid(code)


def test_the_whole_region_has_its_bureaus_under_known_parents() -> None:
    places = all_places()

    assert len(places) == 126
    assert all(p.fiscal_parent in places for p in places.values() if p.fiscal_parent)
    assert places["450181000"].fiscal_parent == "450000000"


@pytest.mark.parametrize("count", [0, 127])
def test_more_nodes_than_bureaus_are_refused(count: int) -> None:
    with pytest.raises(KuweiError, match=r"sample\.nodes"):
        choose(count)


def test_too_few_payments_are_refused() -> None:
    with pytest.raises(KuweiError, match=r"sample\.payments"):
        ProvinceSpec(payments=10)


def test_the_command_writes_a_province_and_says_what(tmp_path: Path) -> None:
    arguments = ["--payments", "900", "--nodes", "2", "--out", str(tmp_path / "out")]

    result = CliRunner().invoke(command, arguments)

    assert result.exit_code == 0, result.output
    assert "合计 支付 900" in result.output
    assert (tmp_path / "out" / "450100000" / "payments.parquet").is_file()


def test_the_command_refuses_in_chinese(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--payments", "1", "--out", str(tmp_path)])

    assert result.exit_code == 1
    assert "支付笔数须在" in result.output

"""Reference data from files, through readers and mapping, into PostgreSQL."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from intake_desk import COUNTY, Desk

from kuwei_node.intake.adapters import files
from kuwei_node.intake.service.reference_files import ReferenceFile, ReferenceFiles
from kuwei_node.reference.domain import Loaded
from kuwei_node.reference.service import ReferenceService
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.vocabulary import Vocabulary

pytestmark = pytest.mark.integration


def load(desk: Desk, vocabulary: Vocabulary, entity: str, path: Path) -> Loaded:
    loader = ReferenceFiles(
        words=lambda _: vocabulary,
        reference=ReferenceService(SetClock()),
        open_file=files.open_file,
    )
    given = ReferenceFile(
        entity=entity, file=files.hand_in(path), division=COUNTY, by="数据管理岗"
    )
    with desk.unit_of_work.begin() as session:
        return loader.load(session, given)


def test_a_csv_with_chinese_headers_in_gb18030_is_loaded(
    desk: Desk, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    path = tmp_path / "单位.csv"
    path.write_text(
        "单位代码,单位名称,备用金限额,重点监控单位\n101001,兴宁区财政局,5000,是\n",
        "gb18030",
    )

    done = load(desk, vocabulary, "agency", path)

    assert (done.added, done.rejected) == (1, 0)
    assert desk.column("SELECT agency_name FROM agency") == ["兴宁区财政局"]
    assert desk.column("SELECT mof_div_code FROM agency") == [COUNTY]
    assert desk.column("SELECT cash_limit::text FROM agency") == ["5000.00"]
    assert desk.column("SELECT is_key FROM agency") == [True]


def test_a_row_without_its_key_is_refused_and_kept(
    desk: Desk, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    path = tmp_path / "agency.csv"
    path.write_text("agency_code,agency_name\n,无码单位\n1,甲\n", "utf-8")

    done = load(desk, vocabulary, "agency", path)

    assert (done.added, done.rejected) == (1, 1)
    assert desk.column("SELECT reason FROM reference_reject") == ["field.missing"]


def test_parquet_with_its_own_validity_is_taken_as_it_stands(
    desk: Desk, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    start, end = dt.date(2026, 1, 1), dt.date(9999, 12, 31)
    path = tmp_path / "agency.parquet"
    table = pa.table({"agency_code": ["1"], "valid_from": [start], "valid_to": [end]})
    pq.write_table(table, path)

    load(desk, vocabulary, "agency", path)

    assert desk.column("SELECT valid_from FROM agency") == [start]


def test_a_node_answers_for_the_townships_it_hosts(
    desk: Desk, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    path = tmp_path / "jurisdiction.csv"
    path.write_text(
        "mof_div_code,level,fiscal_parent\n"
        f"{COUNTY},county,450100000\n"
        f"450102101,township,{COUNTY}\n"
        "450303000,county,450300000\n",
        "utf-8",
    )
    load(desk, vocabulary, "jurisdiction", path)

    with desk.unit_of_work.begin() as session:
        divisions = ReferenceService(SetClock()).divisions(session, COUNTY)

    assert divisions == (COUNTY, "450102101")


def test_a_folder_gives_its_files_in_the_order_they_build_on(tmp_path: Path) -> None:
    for name in ("contract.csv", "agency.parquet", "labels.parquet", "bank.md"):
        (tmp_path / name).touch()

    found = files.reference_files(tmp_path, None)

    assert [name for name, _ in found] == ["agency", "contract"]


def test_a_folder_without_reference_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KuweiError, match=r"intake\.unreadable"):
        files.reference_files(tmp_path, None)

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from kuwei_shared.catalogue.loading import load
from kuwei_shared.evaluation import judge
from kuwei_shared.evaluation.cli import command
from kuwei_shared.evaluation.score import Score, evaluate
from kuwei_shared.rules.model import Catalogue
from kuwei_shared.sample.province import generate
from kuwei_shared.sample.schema import LABEL_SCHEMA
from kuwei_shared.sample.spec import ProvinceSpec

ROOT = Path(__file__).resolve().parents[3]
NODE = "450000000"


@pytest.fixture(scope="module")
def standard() -> Catalogue:
    return load(ROOT / "rules-catalog")


@pytest.fixture
def province(tmp_path: Path) -> Path:
    """One node, every rule broken once."""
    generate(ProvinceSpec(payments=800, seed=3, nodes=1), tmp_path / "out")
    return tmp_path / "out"


def relabelled(province: Path, **changed: str) -> None:
    """Keep the labels of other rules than GX-U10, and add one of it."""
    file = province / NODE / "labels.parquet"
    rows = [r for r in pq.read_table(file).to_pylist() if r["rule_id"] != "GX-U10"]
    if changed:
        rows.append({**rows[0], "rule_id": "GX-U10", "subject": "payment", **changed})
    pq.write_table(pa.Table.from_pylist(rows, schema=LABEL_SCHEMA), file)


def score(province: Path, catalogue: Catalogue, rule_id: str = "GX-U10") -> Score:
    scores = evaluate(province, catalogue).scores
    return next(one for one in scores if one.rule_id == rule_id)


def run(*arguments: str | Path) -> Result:
    options = [*map(str, arguments), "--catalogue", str(ROOT / "rules-catalog")]
    return CliRunner().invoke(command, options)


def test_a_label_with_a_hit_is_found(province: Path, standard: Catalogue) -> None:
    one = score(province, standard)

    assert (one.labelled, one.found, one.missed, one.false) == (1, 1, 0, 0)
    assert (one.recall, one.precision) == (1.0, 1.0)


def test_a_hit_without_a_label_is_false(province: Path, standard: Catalogue) -> None:
    relabelled(province)

    one = score(province, standard)

    assert (one.labelled, one.found, one.false) == (0, 0, 1)
    assert (one.recall, one.precision) == (None, 0.0)


def test_a_label_without_a_hit_is_missed(province: Path, standard: Catalogue) -> None:
    relabelled(province, key="P-none", stage="voucher", origin="disguised")

    one = score(province, standard)

    assert (one.labelled, one.missed, one.disguised, one.false) == (1, 1, 1, 1)


def test_what_lacks_an_element_is_told_apart(
    tmp_path: Path, standard: Catalogue
) -> None:
    spec = ProvinceSpec(payments=3_000, seed=3, nodes=1, violation_rate=0.125)
    generate(spec, tmp_path)

    one = score(tmp_path, standard, "MT-08")

    assert one.missed == one.undecided == one.disguised == 1


def test_units_in_parts_score_as_together(
    province: Path, standard: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = evaluate(province, standard).scores
    monkeypatch.setattr(judge, "PART_ROWS", 300)

    assert evaluate(province, standard).scores == together


def test_the_command_prints_every_rule_and_the_sums(province: Path) -> None:
    result = run(province, "--least-recall", "1")

    assert result.exit_code == 0, result.output
    assert "| GX-U10 | 大额支付 | 1 | 1 | 0 |" in result.output
    assert "| 合计 |" in result.output


def test_too_little_found_is_exit_status_1(province: Path) -> None:
    relabelled(province, key="P-none", stage="voucher")

    result = run(province, "--least-recall", "0.5", "--show", "GX-U10")

    assert result.exit_code == 1
    assert "查全率低于 50.0%:GX-U10" in result.output
    assert f"GX-U10 漏报\t{NODE}\tP-none\tvoucher" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--show", "NOPE"), "目录里没有规则 NOPE"),
        (("--memory", "much"), "内存限额“much”看不懂"),
        (("--memory", "9MB"), "内存限额不够"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    province: Path, arguments: tuple[str, str], said: str
) -> None:
    result = run(province, *arguments)

    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_folder_without_nodes_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path)

    assert result.exit_code == 1
    assert "kuwei-node generate" in result.output


def test_labels_of_an_earlier_version_are_refused(province: Path) -> None:
    file = province / NODE / "labels.parquet"
    pq.write_table(pq.read_table(file).drop_columns(["origin"]), file)

    result = run(province)

    assert result.exit_code == 1
    assert "请重新生成" in result.output


def test_labels_of_an_unknown_rule_are_refused(province: Path) -> None:
    file = province / NODE / "labels.parquet"
    rows = pq.read_table(file).to_pylist()
    rows[0]["rule_id"] = "XX-1"
    pq.write_table(pa.Table.from_pylist(rows, schema=LABEL_SCHEMA), file)

    result = run(province)

    assert result.exit_code == 1
    assert "XX-1" in result.output

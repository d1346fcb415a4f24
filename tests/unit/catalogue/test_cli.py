"""kuwei-rules says what it found, where, and leaves with the right code."""

from __future__ import annotations

from pathlib import Path

import pytest
from rules_tool import RULE, run, spoil

from kuwei_shared.catalogue import bundle
from kuwei_shared.kernel.errors import KuweiError


def test_check_lists_every_fault_with_file_and_line(folder: Path) -> None:
    spoil(folder, "pay_amt >=", "pay_sum >=")

    result = run(folder, "check")

    assert f"{folder / RULE}:13:3: condition: " in result.output
    assert result.exit_code == 1


def test_test_tries_the_examples_and_the_mutants(folder: Path) -> None:
    result = run(folder, "test", "--mutants")

    assert "duckdb:1 条规则,4 个示例,0 个不符。" in result.output
    assert "改坏 5 处,示例没有发觉的 0 处。" in result.output
    assert result.exit_code == 0


def test_test_names_the_example_that_fails(folder: Path) -> None:
    spoil(folder, "pay_amt >=", "pay_amt >")

    result = run(folder, "test")

    assert f"{folder / RULE}:23:" in result.output
    assert "示例“恰为标准”应为 hit,得到 0" in result.output
    assert result.exit_code == 1


def test_a_surviving_mutant_is_shown_near_its_place(folder: Path) -> None:
    spoil(folder, "pay_amt: 1999.99", "pay_amt: 1000.00")

    result = run(folder, "test", "--mutants")

    assert f"{folder / RULE}:13:14: test.mutant" in result.output
    assert result.exit_code == 1


def test_explain_reads_the_rule_aloud(folder: Path) -> None:
    result = run(folder, "explain", "GX-U10")

    assert "【支付金额】达到或超过标准(2,000.00)" in result.output
    assert "并且 【结算方式代码】 属于 《转账方式》" in result.output
    assert "[GX-9.1.10]" in result.output


def test_explain_judges_given_values(folder: Path, tmp_path: Path) -> None:
    given = tmp_path / "given.yaml"
    given.write_text("pay_amt: 5000.00\n")

    result = run(folder, "explain", "GX-U10", "--given", str(given))

    assert "按 given.yaml 试算:命中" in result.output
    assert "支付 5,000.00 元" in result.output


def test_an_unknown_rule_is_refused_by_name(folder: Path) -> None:
    result = run(folder, "explain", "GX-U99")

    assert isinstance(result.exception, KuweiError)
    assert result.exception.code == "rule.missing"


@pytest.mark.parametrize("dialect", ["postgres", "duckdb"])
def test_compile_prints_one_statement(folder: Path, dialect: str) -> None:
    result = run(folder, "compile", "--dialect", dialect)

    assert result.output.startswith("WITH incoming AS")
    assert 'e."pay_amt" >= 2000.00' in result.output


def test_lock_is_written_then_agrees(folder: Path) -> None:
    first = run(folder, "lock", "--check")
    written = run(folder, "lock")
    after = run(folder, "lock", "--check")

    assert [first.exit_code, written.exit_code, after.exit_code] == [1, 0, 0]
    assert (folder / "catalog.lock").read_text().splitlines()[1].startswith("GX-U10 1 ")


def test_lock_refuses_changed_content_under_the_old_version(folder: Path) -> None:
    run(folder, "lock")
    spoil(folder, "pay_amt >=", "pay_amt >")

    result = run(folder, "lock")

    assert f"{folder / RULE}:2:1: lock: GX-U10:内容变了,版本仍是 1。" in result.output
    assert result.exit_code == 1


def test_new_starts_a_draft_that_checks_and_runs(folder: Path) -> None:
    result = run(folder, "new", "CT-99", "--family", "city")
    tried = run(folder, "test", "CT-99", "--mutants")

    assert Path(result.output.strip()) == folder / "rules/city/CT-99.yaml"
    assert "1 条规则,3 个示例,0 个不符" in tried.output


def test_two_drafts_just_begun_are_no_fault(folder: Path) -> None:
    run(folder, "new", "CT-98")
    run(folder, "new", "A0199")

    result = run(folder, "check")

    assert "CT-98" not in result.output
    assert (folder / "rules/a/A0199.yaml").is_file()
    assert "A0199" not in result.output


@pytest.mark.parametrize("rule_id", ["../evil", "gx-u10", "GX U10", "", "GX-U10"])
def test_new_refuses_bad_and_taken_ids(folder: Path, rule_id: str) -> None:
    result = run(folder, "new", rule_id)

    assert isinstance(result.exception, KuweiError)


def test_pack_writes_the_release_payload(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "catalogue.tar"

    result = run(folder, "pack", str(place))

    assert bundle.digest(place.read_bytes()) in result.output
    assert list(bundle.unpack(place.read_bytes()).rules) == ["GX-U10"]


def test_a_folder_that_is_no_catalogue_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path, "check")

    assert isinstance(result.exception, KuweiError)
    assert result.exception.code == "catalogue.missing"


def test_check_can_list_what_it_checks(folder: Path) -> None:
    result = run(folder, "check", "--list")

    assert "id.unique            规则之间、名单之间编号不重复。" in result.output
    assert result.exit_code == 0

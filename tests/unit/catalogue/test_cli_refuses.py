"""What kuwei-rules cannot do it refuses, naming the word and the remedy."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from rules_tool import RULE, refused, run, spoil

from kuwei_shared.catalogue import cli


@pytest.mark.parametrize("words", [("GX-U1",), ("GX-U1", "--mutants"), ("explain",)])
def test_a_rule_nobody_wrote_is_refused(folder: Path, words: tuple[str, ...]) -> None:
    verb = ("explain", "GX-U1") if words == ("explain",) else ("test", *words)

    error = refused(folder, *verb)

    assert error.code == "rule.missing"
    assert error.message == "目录中没有规则 GX-U1;是否 GX-U10?"


def test_a_catalogue_without_rules_is_not_tried(folder: Path) -> None:
    (folder / RULE).unlink()

    error = refused(folder, "test")

    assert error.code == "rule.none"


def test_one_engine_alone_is_said_to_be_one(folder: Path) -> None:
    result = run(folder, "test")

    assert "没有给 --postgres:未在节点所用的 PostgreSQL 上试算" in result.stderr


@pytest.mark.parametrize("url", ["nonsense", "sqlite://", "mysql://h/d"])
def test_an_address_that_is_none_is_refused(folder: Path, url: str) -> None:
    error = refused(folder, "test", "--postgres", url)

    assert error.code == "catalogue.postgres"
    assert "写成 postgresql://" in error.message


def test_a_database_that_does_not_answer_is_named_without_its_password(
    folder: Path,
) -> None:
    url = "postgresql://someone:secret@127.0.0.1:1/none"

    error = refused(folder, "test", "--postgres", url)

    assert "连不上 postgresql+psycopg2://someone:***@127.0.0.1:1/none" in error.message
    assert "secret" not in error.message


def test_a_subject_nobody_watches_is_refused(folder: Path) -> None:
    error = refused(folder, "compile", "--subject", "nope")

    assert error.message.startswith("没有监控对象 nope;可用 payment、agency")


@pytest.mark.parametrize("words", [("--subject", "agency"), ("--schedule", "day_end")])
def test_an_empty_statement_is_not_printed(
    folder: Path, words: tuple[str, ...]
) -> None:
    error = refused(folder, "compile", *words)

    assert error.code == "rule.none"


def test_what_can_be_compiled_instead_is_offered(folder: Path) -> None:
    error = refused(folder, "compile", "--schedule", "day_end")

    assert error.message == (
        "没有在 day_end 时检查 payment 的试行或正式规则;可以:不写 --schedule。"
    )


@pytest.mark.parametrize("verb", ["test", "explain", "compile", "lock", "pack"])
def test_a_mistyped_condition_is_named_by_every_verb(
    folder: Path, tmp_path: Path, verb: str
) -> None:
    spoil(folder, "pay_amt >=", "pay_sum >=")
    rest = {"explain": ["GX-U10"], "pack": [str(tmp_path / "out.tar")]}

    error = refused(folder, verb, *rest.get(verb, []))

    assert f"{RULE}:13:3: condition: 词汇表中没有“pay_sum”。" in error.message


@pytest.mark.parametrize("verb", ["test", "explain"])
def test_a_rule_is_tried_though_another_is_mistyped(folder: Path, verb: str) -> None:
    run(folder, "new", "CT-99")
    spoil(folder, "pay_amt >=", "pay_sum >=")

    result = run(folder, verb, "CT-99")

    assert result.exit_code == 0
    assert "CT-99" in result.output or "1 条规则,3 个示例" in result.output


FAMILIES = ["../../../tmp/zz", "/tmp/zz", "Gx", "a b", "a/b/c/d", "..", "规则"]  # noqa: S108  # refused


@pytest.mark.parametrize("family", FAMILIES)
def test_new_writes_nowhere_but_among_the_rules(folder: Path, family: str) -> None:
    before = sorted(folder.parent.rglob("*"))

    error = refused(folder, "new", "XX-2", "--family", family)

    assert error.code == "rule.family"
    assert sorted(folder.parent.rglob("*")) == before


def test_new_begins_no_catalogue(tmp_path: Path) -> None:
    error = refused(tmp_path, "new", "XX-2")

    assert error.code == "catalogue.missing"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", ["trial", "stable"])
def test_a_rule_still_to_be_written_is_no_rule(folder: Path, status: str) -> None:
    run(folder, "new", "CT-99")
    new = "rules/ct/CT-99.yaml"
    drafted = run(folder, "check")
    spoil(folder, "status: draft", f"status: {status}", new)

    tried = run(folder, "check")

    assert "status.written" not in drafted.output
    assert f"{folder / new}:3:8: status.written: “待写题名”还没有写。" in tried.output


@pytest.mark.parametrize("place", ["none/x.tar", "catalogue"])
def test_a_place_that_cannot_be_written_is_named(
    folder: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").write_text("x")

    error = refused(folder, "pack", str(tmp_path / "file" / place))

    assert error.message.startswith(f"读写不了 {tmp_path / 'file' / place}:")


def test_a_refusal_is_one_sentence_and_status_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["kuwei-rules", "test", "--catalogue", str(folder), "NOPE"]
    monkeypatch.setattr(sys, "argv", words)

    with pytest.raises(SystemExit) as left:
        cli.main()

    assert left.value.code == 1
    assert (
        capsys.readouterr().err == "目录中没有规则 NOPE;规则号即 rules/ 下的文件名。\n"
    )

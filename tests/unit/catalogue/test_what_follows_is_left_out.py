"""One slip is one issue: what follows from it is not told as if it were another."""

from __future__ import annotations

from pathlib import Path

import pytest
from rules_tool import RULE, run, spoil

from kuwei_shared.catalogue.checks.registry import read_schemas, run_checks
from kuwei_shared.catalogue.loading import read

Files = dict[str, bytes]
ROOT = Path(__file__).parents[3] / "rules-catalog"


def codes(files: Files) -> list[tuple[str, str]]:
    """All checks on some files: code and file of every issue but those of size."""
    issues = run_checks(read(files), read_schemas(ROOT))
    return [
        (one.code, one.place.path)
        for one in issues
        if not one.code.startswith("coverage")
    ]


BROKEN = [RULE, "lists/modes.yaml", "patterns.yaml", "vocabulary.yaml"]


@pytest.mark.parametrize("path", [*BROKEN, "examples/base.yaml"])
def test_a_yaml_slip_is_the_only_issue(files: Files, path: str) -> None:
    found = codes(files | {path: b"a: [b"})

    assert found == [("yaml", path)]


def test_a_wrong_value_is_told_once(files: Files) -> None:
    listed = files["lists/modes.yaml"].replace(b"kind: codes", b"kind: code")

    found = codes(files | {"lists/modes.yaml": listed})

    assert found == [("form", "lists/modes.yaml")]


def test_a_wrong_word_of_the_vocabulary_hides_no_rule_behind_it(files: Files) -> None:
    path = "vocabulary.yaml"
    words = files[path].replace(b"{type: money, label: ", b"{type: coin, label: ")

    found = codes(files | {path: words})

    assert set(found) == {("form", path)}


def test_nothing_is_said_to_lack_a_rule_while_one_cannot_be_read(files: Files) -> None:
    whole = {one.code for one in run_checks(read(files), {})}
    slip = files | {RULE: b"a: [b"}

    broken = {one.code for one in run_checks(read(slip), {})}

    assert {"coverage", "coverage.count"} <= whole
    assert broken == {"yaml"}


def test_check_says_what_it_has_put_off(folder: Path) -> None:
    spoil(folder, "version: 1", "version: [1")

    result = run(folder, "check")

    assert (
        "有文件读不出,改正前不查:coverage、coverage.count、list.used。" in result.output
    )


def test_check_says_that_rules_wait_for_the_vocabulary(folder: Path) -> None:
    (folder / "vocabulary.yaml").write_text("a: [b")

    result = run(folder, "check")

    assert "vocabulary.yaml 有误,改正前不查规则。" in result.output


def test_a_rule_with_a_wrong_value_has_its_condition_read_too(files: Files) -> None:
    rule = files[RULE].replace(b"version: 1", b"version: one")
    rule = rule.replace(b"pay_amt >=", b"pay_sum >=")

    found = codes(files | {RULE: rule})

    assert found == [("form", RULE), ("condition", RULE)]


def test_a_list_named_in_a_mistyped_condition_is_in_use(files: Files) -> None:
    rule = files[RULE].replace(b"pay_amt >=", b"pay_amt >= >=")

    found = codes(files | {RULE: rule})

    assert found == [("condition", RULE)]


YAML = [
    ("version: 1", "version: [1", "方括号"),
    ("version: 1", "version: {1: 2", "花括号"),
    ("title: ", "title: a: ", "冒号"),
    ("title: ", '\ttitle: "', "处:"),
    ("review: ", 'review: "', "引号没有关上"),
]


@pytest.mark.parametrize(("old", "new", "said"), YAML)
def test_a_yaml_slip_is_told_in_chinese(
    files: Files, old: str, new: str, said: str
) -> None:
    text = files[RULE].decode().replace(old, new, 1)

    [issue] = read(files | {RULE: text.encode()}).issues

    assert issue.code == "yaml"
    assert said in issue.message
    assert "expected" not in issue.message


SCHEMA = [
    ("title: ", "titel: ", "有不认识的键 titel。", "是否 title。"),
    ("warn_type: volume", "warn_type: size", "没有取值 size。", "写 direction、speed"),
    ("{stages: ", "{stage: ", "trigger:有不认识的键 stage。", "是否 stages。"),
    ("id: GX-U10", "id: gx-u10", "“gx-u10”不合写法", "须合 ^[A-Z]"),
    ("trigger: ", "scopes: ", "缺少必填的键 trigger。", "补上 trigger。"),
    ("review: 向单位电话核实。", "review: 问。", "太短。", "至少 6 字。"),
]


@pytest.mark.parametrize(("old", "new", "said", "remedy"), SCHEMA)
def test_a_deviation_names_the_key_and_the_remedy(
    files: Files, old: str, new: str, said: str, remedy: str
) -> None:
    text = files[RULE].decode().replace(old, new, 1).encode()

    issues = run_checks(read(files | {RULE: text}), read_schemas(ROOT))

    told = [str(one) for one in issues if one.code in {"schema", "form"}]
    assert any(said in one and remedy in one for one in told), told

"""A version moves exactly when the content does."""

from __future__ import annotations

from kuwei_shared.catalogue import lock
from kuwei_shared.catalogue.issues import Issue
from kuwei_shared.catalogue.loading import catalogue_of

Files = dict[str, bytes]
RULE, LIST, WORDS = "rules/gx/GX-U10.yaml", "lists/modes.yaml", "vocabulary.yaml"


def locked(files: Files) -> dict[str, lock.Entry]:
    return lock.lock_of(catalogue_of(files))


def changed(files: Files, old: str, new: str, path: str = RULE) -> Files:
    text = files[path].decode()
    assert old in text
    return files | {path: text.replace(old, new, 1).encode()}


def faults(before: Files, after: Files) -> list[str]:
    return [
        message for _, message, _ in lock.differences(locked(after), locked(before))
    ]


def test_an_unchanged_catalogue_agrees_with_its_lock(files: Files) -> None:
    assert faults(files, files) == []


def test_a_changed_rule_must_move_its_version(files: Files) -> None:
    for old, new in (
        ("default: 2000.00", "default: 1500.00"),
        ("status: stable", "status: trial"),
        ("pay_amt >=", "pay_amt >"),
        ("review: 向单位电话核实。", "review: 向单位书面核实。"),
    ):
        assert faults(files, changed(files, old, new)) == ["内容变了,版本仍是 1。"]


def test_a_changed_list_moves_the_rules_that_use_it(files: Files) -> None:
    after = changed(files, '"1", "3"', '"1"', LIST)

    assert faults(files, after) == ["内容变了,版本仍是 1。"]


def test_a_changed_pattern_moves_the_rules_that_use_it(files: Files) -> None:
    after = changed(files, "^..", "^...", "patterns.yaml")

    assert faults(files, after) == ["内容变了,版本仍是 1。"]


def test_examples_comments_and_spelling_do_not_move_a_version(files: Files) -> None:
    for old, new in (
        ("1999.99", "1999.98"),
        ("title:", "# 注\ntitle:"),
        ("default: 2000.00", "default: 2000.0"),
    ):
        assert faults(files, changed(files, old, new)) == []


def test_a_version_may_not_move_alone(files: Files) -> None:
    after = changed(files, "version: 1", "version: 2")

    assert faults(files, after) == ["内容没变,版本却从 1 改为 2。"]


def test_a_new_version_of_new_content_only_wants_locking(files: Files) -> None:
    after = changed(changed(files, "version: 1", "version: 2"), "  limit:", "  limit:")
    after = changed(after, "default: 2000.00", "default: 1500.00")

    assert faults(files, after) == ["新版本还没有锁定。"]
    assert list(lock.blocking(locked(after), locked(files))) == []


def test_a_locked_rule_may_not_vanish_or_turn_back_into_a_draft(files: Files) -> None:
    draft = changed(files, "status: stable", "status: draft")

    assert faults(files, draft) == ["已锁定的规则不见了,或退回了草稿。"]


def test_a_lock_file_reads_back(files: Files) -> None:
    now = locked(files)

    assert lock.read_lock(lock.written(now)) == now


def test_a_mangled_lock_file_is_refused_at_its_line() -> None:
    issue = lock.read_lock(b"# head\nGX-U10 1 ab\nGX-U11 one ab\n")

    assert isinstance(issue, Issue)
    assert issue.place.line == 3

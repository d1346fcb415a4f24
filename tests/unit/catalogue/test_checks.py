"""Every check finds the fault it is for, at the line where it stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from kuwei_shared.catalogue.checks.registry import CHECKS, read_schemas, run_checks
from kuwei_shared.catalogue.checks.shape import HasUniqueId
from kuwei_shared.catalogue.issues import Issue
from kuwei_shared.catalogue.loading import catalogue_of, read
from kuwei_shared.kernel.errors import KuweiError

Files = dict[str, bytes]
Spoil = Callable[..., list[Issue]]
ROOT = Path(__file__).parents[3] / "rules-catalog"
LIST, PATTERNS, BASE = "lists/modes.yaml", "patterns.yaml", "examples/base.yaml"
VOCABULARY = "vocabulary.yaml"
HIT = "hit:\n    - {case: 恰为标准, given: {pay_amt: 2000.00}}"
GROUND = (
    "  - {ref: GX-9.1.10, document: 办法, clause: 第九条, text: 单笔, from: 2012-01-01}"
)
IDLE = "params:\n  idle: {type: code, label: 闲置, default: x}"


def test_a_catalogue_without_a_fault_raises_no_issue(spoilt: Spoil) -> None:
    assert spoilt() == []


FAULTS = [
    # check, old text, new text, line
    ("schema", "title: 大额支付", "titel: 大额支付", 3),
    ("id.filename", "id: GX-U10", "id: GX-U11", 1),
    ("title.short", "大额支付", "单笔支付金额很大。", 3),
    ("basis.dates", "from: 2012-01-01", "from: 1912-01-01", 8),
    ("basis.dates", "from: 2012-01-01", "from: 2012-01-01, until: 2011-01-01", 8),
    ("basis.in_force", "from: 2012-01-01", "until: 2013-01-01", 7),
    ("subject.known", "trigger:", "subject: nobody\ntrigger:", 9),
    ("trigger.fits", "{stages: [request, voucher]}", "{}", 9),
    ("severity.policy", "on_missing: pass", "on_missing: hold", 17),
    ("severity.policy", "on_error: pass", "on_error: reject", 18),
    ("status.evidence", "    - {case: 用途缺失, given: {use_des: null}}\n", "", 4),
    ("dedupe.names", "explain:", "dedupe: {by: [nothing], window: day}\nexplain:", 19),
    ("condition", "pay_amt >=", "pay_sum >=", 13),
    ("condition", "matches(use_des", "matches(pay_amt", 14),
    ("condition", "list.modes)", "list.nodes)", 14),
    ("requires.known", "requires: [pay_amt]", "requires: [pay_amt, pay_sum]", 11),
    ("requires.known", "requires: [pay_amt]", "requires: [pay_amt, card_no]", 11),
    ("absence.considered", "{case: 用途缺失, given: {use_des: null}}",
     "{case: 再缺, given: {set_mode_code: null, pay_amt: 1.00}}", 14),
    ("codes.known", "and one_of(", "and stage = 'voted' and one_of(", 14),
    ("facts.realtime", "and one_of(", "and fact.original_amt > 1 and one_of(", 14),
    ("facts.realtime", "and one_of(", "and fact.credited_sum > 1 and one_of(", 14),
    ("basis.once", GROUND, f"{GROUND}\n  - {GROUND[4:]}", 9),
    ("param.bounds", "default: 2000.00, ", "", 16),
    ("param.tighten", "min: 1000.00, ", "", 16),
    ("param.tighten", "min: 1000.00", "min: 2000.00", 16),
    ("param.tighten", "min: 1000.00, tighten: down", "min: 2000.00, tighten: both", 16),
    ("form", "type: money", "type: boolean", 16),
    ("param.used", "params:", IDLE, 16),
    ("param.bounds", "default: 2000.00", "default: 999.99", 16),
    ("param.tighten", ", tighten: down", "", 16),
    ("param.tighten", "tighten: down", "tighten: up", 16),
    ("param.tighten", "pay_amt >= param.limit", "pay_amt <= param.limit", 16),
    ("explain.names", "{pay_amt} 元", "{pay_sum} 元", 19),
    ("explain.braces", "{pay_amt} 元", "{pay_amt 元", 19),
    ("explain.asides", "{pay_amt} 元", "[{pay_amt} 元", 19),
    ("explain.asides", "{pay_amt} 元", "[[{pay_amt}]] 元", 19),
    ("explain.asides", "{pay_amt} 元", "{pay_amt} [元]", 19),
    ("explain.sentence", "核实。", "核实", 20),
    ("examples.outcomes", HIT, "hit: []", 21),
    ("examples.unique", "1999.99", "2000.00", 25),
    ("examples.codes", "{pay_amt: 1999.99}", "{pay_amt: 1999.99, stage: voted}", 25),
    ("form", "{pay_amt: 1999.99}", "{pay_amt: 1999.999}", 25),
    ("form", "{pay_amt: 1999.99}", "{pay_sum: 1999.99}", 25),
    ("form", "{pay_amt: 1999.99}", "{vou_month: 3}", 25),
    ("form", "set_mode_code: null", "set_mode_code: 1", 27),
    ("yaml", "version: 1", "version: 1\nversion: 1", 3),
]  # fmt: skip


@pytest.mark.parametrize(("code", "old", "new", "line"), FAULTS)
def test_a_fault_in_a_rule_is_found_at_its_line(
    spoilt: Spoil, code: str, old: str, new: str, line: int
) -> None:
    issues = spoilt(old, new)

    found = [(one.code, one.place.line) for one in issues]
    assert (code, line) in found


BESIDE = [
    ("list.used", LIST, "id: modes", "id: others"),
    ("list.clean", LIST, '"3"', '"3 "'),
    ("list.clean", LIST, "kind: codes", 'kind: codes\nfriends: ["12"]'),
    ("id.filename", LIST, "id: modes", "id: other"),
    ("pattern.shared", PATTERNS, '"^.."', '"^(?=a).."'),
    ("pattern.shared", PATTERNS, '"^.."', '"(a)\\\\1"'),
    ("pattern.shared", PATTERNS, '"^.."', '"^(."'),
    ("list.used", PATTERNS, "two:", 'one: {regex: "^.", label: 一字以上}\ntwo:'),
    ("base.complete", BASE, "use_des:", "# use_des:"),
    ("vocabulary", VOCABULARY, "from: month(vou_date)", "from: month(no_date)"),
    ("vocabulary", VOCABULARY, "{agency_code: agency_code}", "{agency_code: agency}"),
    ("vocabulary", VOCABULARY, "over: [bgt_id]", "over: [no_id]"),
    ("vocabulary", VOCABULARY, "over: [bgt_id]", "over: [bgt_id], of_original: true"),
    ("form", VOCABULARY, "from: month(vou_date)", "from: sleep(vou_date)"),
]


@pytest.mark.parametrize(("code", "path", "old", "new"), BESIDE)
def test_a_fault_beside_the_rules_is_found(
    spoilt: Spoil, code: str, path: str, old: str, new: str
) -> None:
    issues = spoilt(old, new, path)

    assert (code, path) in {(one.code, one.place.path) for one in issues}


def test_all_faults_are_reported_at_once(spoilt: Spoil) -> None:
    issues = spoilt(
        "pay_amt >= param.limit\n  and one_of(set_mode_code, list.modes)",
        "pay_amt > param.limits\n  and one_of(set_mode_code, list.nodes)",
    )

    assert {"condition", "list.used"} <= {one.code for one in issues}


def test_an_error_in_a_folded_condition_points_at_its_column(spoilt: Spoil) -> None:
    [issue] = [
        one for one in spoilt("use_des, pattern", "use_dess, pattern")
        if one.code == "condition"
    ]  # fmt: skip

    assert (issue.place.line, issue.place.column) == (14, 53)


def test_a_scheduled_rule_cannot_read_what_its_subject_does_not_lead_to(
    spoilt: Spoil,
) -> None:
    issues = spoilt(
        "trigger: {stages: [request, voucher]}\nscope: {levels: [county]}",
        "subject: bank_report\ntrigger: {schedule: day_end}\nscope: {levels: [county]}",
    )

    assert {"condition", "scope.fits"} <= {one.code for one in issues}


def test_a_scheduled_rule_cannot_stop_a_payment(spoilt: Spoil) -> None:
    issues = spoilt(
        "{stages: [request, voucher]}",
        "{schedule: day_end}",
        also=("severity: yellow", "severity: red"),
    )

    assert [one.code for one in issues] == ["schedule.after"]


@pytest.mark.parametrize(
    ("schedule", "window", "codes"),
    [
        ("day_end", "month", ["dedupe.window"]),
        ("month_end", "all", ["dedupe.window"]),
        ("month_end", "month", []),
        ("day_end", "day", []),
    ],
)
def test_an_alert_of_a_scheduled_rule_spans_no_more_than_a_run_reads(
    spoilt: Spoil, schedule: str, window: str, codes: list[str]
) -> None:
    issues = spoilt(
        "{stages: [request, voucher]}",
        f"{{schedule: {schedule}}}",
        also=("explain:", f"dedupe: {{by: [agency_code], window: {window}}}\nexplain:"),
    )

    assert [one.code for one in issues] == codes


def test_two_files_of_one_id_are_found_and_refused(files: Files) -> None:
    twice = files | {"rules/ul/GX-U10.yaml": files["rules/gx/GX-U10.yaml"]}

    issues = run_checks(read(twice), {}, (HasUniqueId(),))

    assert [str(one.place) for one in issues] == ["rules/ul/GX-U10.yaml:1:1"]
    with pytest.raises(KuweiError, match=r"id\.unique"):
        catalogue_of(twice)


@pytest.mark.parametrize("name", sorted(read_schemas(ROOT)))
def test_the_published_schemas_are_json_schemas(name: str) -> None:
    schema = read_schemas(ROOT)[name]

    assert isinstance(schema, dict)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:kuwei:schema:{name}"


def test_every_check_has_an_id_and_a_one_line_description() -> None:
    described = [(one.id, one.says) for one in CHECKS]

    assert all(name and text.endswith("。") for name, text in described)
    assert len({name for name, _ in described}) == len(CHECKS)

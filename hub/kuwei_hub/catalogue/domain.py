"""Rules on their way into a release, and rules as a release holds them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.rules.model import Rule, Status

FAMILY = re.compile(r"[a-z0-9_-]{1,40}")


class DraftState(StrEnum):
    """Where a draft stands; only approved ones go into the next release."""

    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REFUSED = "refused"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    """A rule text handed in for review.

    Attributes:
        evidence: what a trial showed; needed to make a rule stable.
    """

    id: int
    rule_id: str
    family: str
    source: str
    state: DraftState
    author: str
    evidence: str
    reviewer: str | None
    note: str
    created_at: dt.datetime
    reviewed_at: dt.datetime | None
    released_serial: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """A rule as one release holds it, for lists."""

    serial: int
    rule_id: str
    family: str
    version: int
    title: str
    status: str
    severity: str
    warn_type: str
    trigger: str
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDetail:
    """A rule with everything its page shows.

    Attributes:
        conditions: the condition read aloud, term by term.
        facts: what each fact in it counts.
        explain: the alert's sentence, with names where values will stand.
        labels: Chinese names of the fields its examples and requirements use.
        meanings: what codes in its examples mean, by field and code.
    """

    row: RuleRow
    rule: Rule
    source: str
    conditions: tuple[str, ...]
    facts: tuple[str, ...]
    explain: str
    labels: Mapping[str, str]
    meanings: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSearch:
    """What to look for; empty fields do not narrow.

    Attributes:
        words: looked for in id, title, basis and text.
        serial: the release to look in; None for the newest.
    """

    words: str = ""
    family: str = ""
    severity: str = ""
    status: str = ""
    serial: int | None = None


def check_step(rule: Rule, before: str | None, evidence: str) -> None:
    """Refuse a life-cycle step that skips review's order (design.md §4).

    A new rule starts as draft or trial; it becomes stable only after a release
    carried it on trial, and with the evidence of that trial written down.

    Raises:
        KuweiError: ``draft.skips_trial`` or ``draft.no_evidence``.
    """
    if rule.status is not Status.STABLE or before == Status.STABLE:
        return
    if before != Status.TRIAL:
        raise KuweiError(
            "draft.skips_trial",
            f"规则 {rule.id} 尚未试运行,不能直接转为正式;请先以 trial 发布。",
            kind=Kind.CONFLICT,
        )
    if not evidence.strip():
        raise KuweiError(
            "draft.no_evidence",
            f"规则 {rule.id} 转为正式须写明试运行情况(命中、误报、核实结果)。",
        )


def rule_path(family: str, rule_id: str) -> str:
    """Return where a rule lies among the catalogue's files."""
    return f"rules/{family}/{rule_id}.yaml"

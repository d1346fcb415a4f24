"""Rules in force, for lists and pages."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kuwei_node.brake.domain import OpenTrip
from kuwei_shared.catalogue.aloud import Reader, fact_aloud, placed_terms
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.compiler import EffectiveRule, names_of
from kuwei_shared.rules.explain import spoken
from kuwei_shared.rules.model import Param, Rule, Severity, Status
from kuwei_shared.rules.parser import parse
from kuwei_shared.screening.effective import EffectiveCatalogue

MODES: dict[str, str] = {
    "standard": "标准",
    "tuned": "本级已调整",
    "local": "地方规则",
    "trial": "试运行",
    "alert_only": "已熔断,仅预警",
}
PLACE = re.compile(r"\{([a-z_.0-9]+)\}")
SORTS = frozenset({"rule_id", "title", "severity", "status"})
# From weak to strong and from new to old, as people order them.
RANKS: Mapping[str, Sequence[str]] = {
    "severity": [one.value for one in Severity],
    "status": [one.value for one in Status],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """A rule in a list; ``modes`` are keys of MODES."""

    rule_id: str
    title: str
    severity: str
    status: str
    trigger: str
    basis: str
    version: int
    modes: Sequence[str]

    @property
    def mode_list(self) -> str:
        """How it acts here, in Chinese."""
        return "、".join(MODES[mode] for mode in self.modes)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSearch:
    """Which rules; what is None does not narrow."""

    words: str | None = None
    severity: str | None = None
    status: str | None = None
    mode: str | None = None

    def admits(self, row: RuleRow) -> bool:
        """Whether a rule is looked for."""
        said = f"{row.rule_id} {row.title} {row.basis}".casefold()
        return (
            (self.words is None or self.words.casefold() in said)
            and self.severity in {None, row.severity}
            and self.status in {None, row.status}
            and (self.mode is None or self.mode in row.modes)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamRow:
    """A parameter: the province's value, its bounds, and the value here."""

    param: Param
    value: str
    default: str
    is_tuned: bool
    bounds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthHits:
    """How many payments a rule hit in a month; ``month`` as ``2026-03``."""

    month: str
    hits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitHits:
    """How many payments of one unit a rule hit."""

    agency_code: str
    agency_name: str | None
    hits: int
    last_on: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDetail:
    """A rule with everything its page shows.

    Attributes:
        conditions: the condition read aloud with the values in force here.
        facts: what each fact in it counts.
        explain: the alert's sentence, with names where values will stand.
        trip: why it may only alert now, None while it acts.
    """

    row: RuleRow
    rule: Rule
    conditions: Sequence[str]
    facts: Sequence[str]
    explain: str
    needed: Sequence[str]
    params: Sequence[ParamRow]
    months: Sequence[MonthHits]
    units: Sequence[UnitHits]
    trip: OpenTrip | None


def row_of(effective: EffectiveCatalogue, one: EffectiveRule) -> RuleRow:
    """Return a rule as a list shows it."""
    rule = one.rule
    return RuleRow(
        rule_id=rule.id,
        title=rule.title,
        severity=rule.severity.value,
        status=rule.status.value,
        trigger=rule.schedule or "、".join(rule.stages) or "request、voucher、receipt",
        basis=";".join(f"{b.document}{b.clause}" for b in rule.basis),
        version=rule.version,
        modes=_modes(effective, one),
    )


def chosen(
    rows: Sequence[RuleRow], search: RuleSearch, request: PageRequest
) -> Page[RuleRow]:
    """Return a page of the rules looked for; a catalogue fits in memory."""
    found = [row for row in rows if search.admits(row)]
    sort = (request.sort or "rule_id").removeprefix("-")
    name = sort if sort in SORTS else "rule_id"
    is_falling = (request.sort or "").startswith("-")
    ranks = RANKS.get(name, [])
    found.sort(
        key=lambda row: (_rank(getattr(row, name), ranks), row.rule_id),
        reverse=is_falling,
    )
    end = request.offset + request.size
    return Page(rows=found[request.offset : end], total=len(found), request=request)


def _rank(value: str, ranks: Sequence[str]) -> int | str:
    return ranks.index(value) if ranks else value


def every_month(found: Sequence[MonthHits], until: dt.date) -> list[MonthHits]:
    """Return the twelve months that end with a day's, those without hits as zero."""
    known = {one.month: one.hits for one in found}
    start = until.year * 12 + until.month - 12
    names = [f"{n // 12}-{n % 12 + 1:02}" for n in range(start, start + 12)]
    return [MonthHits(month=name, hits=known.get(name, 0)) for name in names]


def params_of(one: EffectiveRule) -> list[ParamRow]:
    """Return a rule's parameters as they stand here."""
    return [
        ParamRow(
            param=param,
            value=spoken(one.params[name], param.type),
            default=spoken(param.default, param.type),
            is_tuned=one.params[name] != param.default,
            bounds=_bounds(param),
        )
        for name, param in one.rule.params.items()
    ]


def read_aloud(
    effective: EffectiveCatalogue, one: EffectiveRule
) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Return condition, facts and explanation in words, with the values in force."""
    catalogue = effective.catalogue
    params = {
        name: replace(param, default=one.params[name])
        for name, param in one.rule.params.items()
    }
    rule = replace(one.rule, params=params)
    condition = parse(rule.when, names_of(rule, catalogue))
    names = dict.fromkeys(tree.names(condition))
    used = [name for name in names if name.startswith("fact.")]
    facts = [catalogue.vocabulary.facts[name.removeprefix("fact.")] for name in used]
    explain = PLACE.sub(
        lambda it: f"【{_label(it[1], rule, effective)}】", rule.explain
    )
    return (
        tuple(
            line.strip() for line in placed_terms(condition, Reader(rule, catalogue))
        ),
        tuple(fact_aloud(fact, catalogue) for fact in facts),
        explain,
    )


def _label(name: str, rule: Rule, effective: EffectiveCatalogue) -> str:
    prefix, _, rest = name.partition(".")
    if prefix == "param" and rest in rule.params:
        return rule.params[rest].label
    return effective.catalogue.vocabulary.label_of(name)


def _modes(effective: EffectiveCatalogue, one: EffectiveRule) -> tuple[str, ...]:
    is_tuned = any(row.is_tuned for row in params_of(one))
    own = "local" if one.rule.id in effective.local_ids else "standard"
    found = {
        own: not is_tuned or own == "local",
        "tuned": is_tuned,
        "trial": one.rule.status is Status.TRIAL,
        "alert_only": one.alert_only,
    }
    return tuple(mode for mode, holds in found.items() if holds)


def _bounds(param: Param) -> str:
    if param.tighten is None:
        return "省级统一规定,不可调整"
    ways = {"up": "只可调高", "down": "只可调低", "both": "可高可低"}
    low, high = (
        "不限" if bound is None else spoken(bound, param.type)
        for bound in (param.minimum, param.maximum)
    )
    return f"{low} – {high}({ways[param.tighten]})"

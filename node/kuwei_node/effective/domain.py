"""Rules in force, for lists and pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kuwei_node.brake.domain import OpenTrip
from kuwei_node.catalogue.domain import Proposal, ProposalState
from kuwei_shared.catalogue.aloud import Reader, fact_aloud, placed_terms
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.compiler import EffectiveRule, names_of
from kuwei_shared.rules.explain import spoken
from kuwei_shared.rules.model import Param, Rule, Severity, Status
from kuwei_shared.rules.parser import parse
from kuwei_shared.rules.placeholders import outlined
from kuwei_shared.screening.effective import EffectiveCatalogue

MODES: dict[str, str] = {
    "standard": "标准",
    "tuned": "本级已调整",
    "local": "地方规则",
    "trial": "试运行",
    "alert_only": "已熔断,仅预警",
}
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
class ProposalRow:
    """A proposed value with what it would change, for who decides.

    Attributes:
        title: the rule's; None where it has left the catalogue, as the next four.
        before: the value in force; None once the proposal is decided.
        after: the value proposed.
        default: the province's value.
        bounds: what the province allows.
        proposed_by, decided_by: names.
        is_own: the viewer made it, and another must decide.
    """

    id: int
    rule_id: str
    title: str | None
    param: str
    before: str | None
    after: str
    default: str | None
    bounds: str | None
    reason: str
    state: ProposalState
    state_title: str
    proposed_by: str
    proposed_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    note: str
    is_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthHits:
    """How many payments a rule hit in a month; ``month`` as ``2026-03``."""

    month: str
    hits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitHits:
    """How many payments of one unit a rule hit, or alerts on it a rule raised."""

    agency_code: str | None
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
        is_scheduled: it runs by the calendar; months and units count alerts then.
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
    is_scheduled: bool
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


def proposal_row(
    made: Proposal,
    one: EffectiveRule | None,
    who: Mapping[str, str],
    *,
    viewer: str,
) -> ProposalRow:
    """Return a proposal as people decide on it.

    Args:
        made: the proposal.
        one: its rule as it acts here, None where it has left the catalogue.
        who: subject → name.
        viewer: subject of who looks.
    """
    found = {} if one is None else {row.param.name: row for row in params_of(one)}
    row = found.get(made.param)
    return ProposalRow(
        id=made.id,
        rule_id=made.rule_id,
        title=None if one is None else one.rule.title,
        param=made.param if row is None else row.param.label,
        before=row.value if row and made.state is ProposalState.WAITING else None,
        after=_proposed(made, row),
        default=None if row is None else row.default,
        bounds=None if row is None else row.bounds,
        reason=made.reason,
        state=made.state,
        state_title=made.state_title,
        proposed_by=who.get(made.proposed_by, made.proposed_by),
        proposed_at=made.proposed_at,
        decided_by=who.get(made.decided_by or "", made.decided_by),
        decided_at=made.decided_at,
        note=made.note,
        is_own=made.proposed_by == viewer,
    )


def _proposed(made: Proposal, row: ParamRow | None) -> str:
    if made.value is None:
        return "恢复省定值" if row is None else f"恢复省定值 {row.default}"
    return made.amount or "" if row is None else spoken(made.value, row.param.type)


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
    explain = outlined(rule.explain, lambda name: _label(name, rule, effective))
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

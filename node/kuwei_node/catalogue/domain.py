"""From a standard release to what is in force here; pure, so replay can repeat it.

Invariants (design.md §4):
* a tuning moves a parameter only inside the province's bounds and in its direction;
* a local rule has an id of its own (``L-<code>-…``) and never shadows a standard one;
* what no longer fits a new release is set aside and shown, never forced, and never
  keeps the release from being put in force.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from kuwei_shared.catalogue.loading import catalogue_of
from kuwei_shared.catalogue.trial import awake
from kuwei_shared.catalogue.trial import effective as effective_rule
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.releases.adoption import AdoptionState
from kuwei_shared.rules.compiler import EffectiveRule, compile_rules
from kuwei_shared.rules.model import Catalogue, Direction, Param, Value
from kuwei_shared.rules.vocabulary import Sort, Type
from kuwei_shared.screening.effective import EffectiveCatalogue

STALE_AFTER = dt.timedelta(hours=48)
FEN_EXPONENT = -2
LOCAL_ID = re.compile(r"L-[0-9]{9}-[A-Z0-9]{1,12}")

Files = Mapping[str, bytes]


class ReleaseState(StrEnum):
    """Where a release seen by this node stands."""

    VERIFIED = "verified"
    COMPILED = "compiled"
    ACTIVE = "active"
    REPLACED = "replaced"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRelease:
    """A release whose bundle is kept here."""

    serial: int
    version: str
    sha256: str
    state: ReleaseState
    reason: str
    verified_at: dt.datetime
    activated_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the province was told last of the release assigned here.

    Attributes:
        version: the release; empty before the first assignment.
        state: the furthest step told.
        failure: code of the failure told since that step; empty if none was.
        doubt: code of the refusal of the whole repository; empty while it is believed.
    """

    version: str = ""
    state: AdoptionState | None = None
    failure: str = ""
    doubt: str = ""

    def about(self, version: str) -> Told:
        """Return what was told of an assigned release; nothing yet of another."""
        return self if version == self.version else Told(version=version)

    def is_news(self, state: AdoptionState) -> bool:
        """Whether a step is further than every one told."""
        order = list(AdoptionState)
        return self.state is None or order.index(state) > order.index(self.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """A parameter moved by this bureau."""

    rule_id: str
    param: str
    value: str
    proposed_by: str
    approved_by: str
    from_at: dt.datetime


class ProposalState(StrEnum):
    """A proposal is decided once."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"


PROPOSAL_STATES: dict[str, str] = {
    ProposalState.WAITING: "待审批",
    ProposalState.APPROVED: "已批准",
    ProposalState.REFUSED: "已退回",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change of a parameter that waits for, or has had, a second person's word.

    Attributes:
        value: as text; None to return to the province's value.
    """

    id: int
    rule_id: str
    param: str
    value: str | None
    reason: str
    state: ProposalState
    proposed_by: str
    proposed_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    note: str

    @property
    def state_title(self) -> str:
        """How it stands, in Chinese."""
        return PROPOSAL_STATES[self.state]

    @property
    def amount(self) -> str | None:
        """The value as officials write it."""
        return None if self.value is None else f"{Decimal(self.value):,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRule:
    """A rule of this bureau's own, as its YAML text."""

    rule_id: str
    version: int
    source: str
    proposed_by: str
    approved_by: str
    from_at: dt.datetime

    @property
    def path(self) -> str:
        """Where the rule lies among the catalogue's files."""
        return local_path(self.rule_id)


def local_path(rule_id: str) -> str:
    """Return where a local rule lies among the catalogue's files."""
    return f"rules/local/{rule_id}.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A tuning or local rule that does not fit the release in force."""

    subject: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What screens payments, and what was set aside on the way."""

    effective: EffectiveCatalogue
    set_aside: tuple[SetAside, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How this node's catalogue stands, for people and for health checks.

    Attributes:
        edition: grows with every change of what is in force.
        trouble: why the newest look at the province failed; empty when it did not.
    """

    active: SeenRelease | None
    edition: int
    checked_at: dt.datetime | None
    trouble: str
    now: dt.datetime

    @property
    def is_stale(self) -> bool:
        """Whether nobody vouched for it lately; it is enforced all the same."""
        return self.checked_at is None or self.now - self.checked_at > STALE_AFTER


def combine(
    release: str,
    files: Files,
    *,
    tunings: Iterable[Tuning] = (),
    local_rules: Sequence[LocalRule] = (),
    alert_only: Collection[str] = (),
) -> InForce:
    """Return what is in force: standard rules, tuned, plus local ones.

    Args:
        release: version of the standard release.
        files: its files.
        tunings: this bureau's parameter values.
        local_rules: this bureau's own rules.
        alert_only: ids of rules that may record but not stop.

    Raises:
        KuweiError: ``catalogue.invalid`` when the standard files cannot be read.
    """
    catalogue, local_ids, aside = _with_local(files, local_rules)
    params, misfits = _tuned(catalogue, tunings)
    rules = tuple(
        EffectiveRule(
            rule=rule,
            params={
                name: params.get((rule.id, name), param.default)
                for name, param in rule.params.items()
            },
            alert_only=rule.id in alert_only,
        )
        for rule in catalogue.rules.values()
    )
    effective = EffectiveCatalogue(
        release=release, catalogue=catalogue, rules=rules, local_ids=local_ids
    )
    return InForce(effective=effective, set_aside=(*aside, *misfits))


def check_local_id(rule_id: str, standard: Collection[str]) -> None:
    """Refuse an id that is not a local one, or shadows a standard rule.

    Raises:
        KuweiError: ``local_rule.bad_id``, ``local_rule.shadows``.
    """
    if rule_id in standard:
        raise KuweiError(
            "local_rule.shadows", f"{rule_id} 是省级标准规则,地方规则不得同号。"
        )
    if not LOCAL_ID.fullmatch(rule_id):
        raise KuweiError(
            "local_rule.bad_id",
            f"地方规则编号 {rule_id} 不合格式:应为 L-九位区划代码-序号,"
            "如 L-450102000-01。",
        )


def require_compiles(catalogue: Catalogue, rule_id: str) -> None:
    """Refuse a local rule that would break the statement all rules share.

    Raises:
        KuweiError: ``local_rule.bad_id`` or ``expression.*``.
    """
    rule = catalogue.rules.get(rule_id)
    if rule is None:
        raise KuweiError(
            "local_rule.bad_id", f"规则正文中的编号不是 {rule_id},请改为一致。"
        )
    compile_rules(
        catalogue,
        [effective_rule(awake(rule))],
        subject=rule.subject,
        schedule=rule.schedule,
    )


def tuned_value(rule_id: str, param: Param, text: str) -> Value:
    """Return a tuned value if the province allows it.

    Raises:
        KuweiError: ``tuning.fixed``, ``tuning.not_a_value``, ``tuning.out_of_bounds``,
            ``tuning.wrong_direction``.
    """
    where = f"{rule_id} 的参数“{param.label}”"
    if param.tighten is None or param.type.sort is not Sort.NUMBER:
        raise KuweiError("tuning.fixed", f"{where}由省级统一规定,地方不能调整。")
    value = _number(param, text, where)
    low, high, default = (
        _as_decimal(bound) for bound in (param.minimum, param.maximum, param.default)
    )
    if (low is not None and value < low) or (high is not None and value > high):
        raise KuweiError(
            "tuning.out_of_bounds",
            f"{where}只能在 {param.minimum} 与 {param.maximum} 之间,不能设为 {text}。",
        )
    assert default is not None  # a numeric parameter has a default
    too_lax = (param.tighten is Direction.DOWN and value > default) or (
        param.tighten is Direction.UP and value < default
    )
    if too_lax:
        raise KuweiError(
            "tuning.wrong_direction",
            f"{where}只能比省定值 {param.default} 更严,不能放宽到 {text}。",
        )
    return int(value) if isinstance(param.default, int) else value


def _number(param: Param, text: str, where: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise KuweiError(
            "tuning.not_a_value", f"{where}须为数字,“{text}”不是。"
        ) from error
    if not value.is_finite():
        raise KuweiError("tuning.not_a_value", f"{where}须为数字,“{text}”不是。")
    if isinstance(param.default, int) and value != value.to_integral_value():
        raise KuweiError("tuning.not_a_value", f"{where}须为整数,“{text}”不是。")
    is_too_fine = int(value.as_tuple().exponent) < FEN_EXPONENT
    if param.type is Type.MONEY and is_too_fine:
        raise KuweiError("tuning.not_a_value", f"{where}须精确到分,“{text}”不是。")
    return value


def _as_decimal(value: Value) -> Decimal | None:
    if isinstance(value, int | Decimal):
        return Decimal(value)
    return None


def _with_local(
    files: Files, local_rules: Sequence[LocalRule]
) -> tuple[Catalogue, frozenset[str], list[SetAside]]:
    """Return the catalogue with those local rules that still fit it."""
    standard = catalogue_of(files)
    fitting: dict[str, bytes] = {}
    ids: set[str] = set()
    aside: list[SetAside] = []
    for rule in local_rules:
        own = {rule.path: rule.source.encode()}
        try:
            check_local_id(rule.rule_id, standard.rules)
            require_compiles(catalogue_of({**files, **own}), rule.rule_id)
        except KuweiError as error:
            aside.append(SetAside(subject=rule.rule_id, reason=error.message))
            continue
        fitting |= own
        ids.add(rule.rule_id)
    if not fitting:
        return standard, frozenset(), aside
    return catalogue_of({**files, **fitting}), frozenset(ids), aside


def _tuned(
    catalogue: Catalogue, tunings: Iterable[Tuning]
) -> tuple[dict[tuple[str, str], Value], list[SetAside]]:
    values: dict[tuple[str, str], Value] = {}
    aside: list[SetAside] = []
    for tuning in tunings:
        subject = f"{tuning.rule_id}.{tuning.param}"
        rule = catalogue.rules.get(tuning.rule_id)
        param = rule.params.get(tuning.param) if rule is not None else None
        if param is None:
            reason = "现行目录中已没有这个规则或参数。"
            aside.append(SetAside(subject=subject, reason=reason))
            continue
        try:
            value = tuned_value(tuning.rule_id, param, tuning.value)
        except KuweiError as error:
            aside.append(SetAside(subject=subject, reason=error.message))
        else:
            values[tuning.rule_id, tuning.param] = value
    return values, aside

"""Trigger, subject, severity, failure policy and status fit together."""

from __future__ import annotations

from collections.abc import Iterator

from kuwei_shared.catalogue.checks.study import Case, RuleCheck
from kuwei_shared.catalogue.document import scalars
from kuwei_shared.catalogue.issues import Issue
from kuwei_shared.catalogue.scaffold import UNWRITTEN
from kuwei_shared.rules.model import Policy, Schedule, Severity, Status
from kuwei_shared.rules.vocabulary import PAYMENT

_MAY_HOLD = frozenset({Severity.RED, Severity.GREY})
_EXAMPLES_STABLE = 4
_WHOLE: dict[Schedule, frozenset[str]] = {
    Schedule.DAY_END: frozenset({"day"}),
    Schedule.MONTH_END: frozenset({"day", "month"}),
}


class HasSubject(RuleCheck):
    """The subject is one the vocabulary allows."""

    id = "subject.known"
    says = "监控对象是词汇表允许的。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield unknown subjects."""
        known = case.vocabulary.subjects
        if case.rule.subject not in known:
            yield case.issue(
                self.id,
                ("subject",),
                f"没有监控对象 {case.rule.subject}。",
                f"改成 {'、'.join(known)} 之一。",
            )


class IsTriggered(RuleCheck):
    """Payments are screened at stages; any other subject needs a schedule."""

    id = "trigger.fits"
    says = "支付按环节检查,其他对象只能定时检查。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield rules nothing would run."""
        rule = case.rule
        if rule.subject != PAYMENT and rule.schedule is None:
            message = f"监控对象 {rule.subject} 只能定时检查。"
            yield case.issue(self.id, ("trigger",), message, "写 schedule。")
        if rule.schedule is None and not rule.stages:
            message = "没有触发环节,也没有定时。"
            yield case.issue(self.id, ("trigger",), message, "写 stages 或 schedule。")


class ScopeFits(RuleCheck):
    """Only payments have fund scopes and payment types; levels need a jurisdiction."""

    id = "scope.fits"
    says = "scope 只限定对象带有的:资金范围、支付方式、级次。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield scopes that the subject's row cannot be tested for."""
        rule = case.rule
        if rule.subject not in case.vocabulary.entities:
            return
        if rule.scope.fund_scopes or rule.scope.pay_types:
            message = f"{rule.subject} 没有资金范围和支付方式。"
            yield case.issue(self.id, ("scope",), message, "从 scope 中删去。")
        fields = case.vocabulary.entities[rule.subject].fields
        if rule.scope.levels and "mof_div_code" not in fields:
            message = f"{rule.subject} 不带区划,不能按级次限定。"
            yield case.issue(self.id, ("scope", "levels"), message, "从 scope 中删去。")


class PolicyFitsSeverity(RuleCheck):
    """What a hit may not do, a missing value may not do either."""

    id = "severity.policy"
    says = "缺值、出错的处置不重于命中的处置。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield policies stronger than the severity."""
        rule = case.rule
        policies = (("on_missing", rule.on_missing), ("on_error", rule.on_error))
        for key, policy in policies:
            too_strong = (
                policy is not Policy.PASS and rule.severity not in _MAY_HOLD
            ) or (policy is Policy.REJECT and rule.severity is not Severity.GREY)
            if too_strong:
                yield case.issue(
                    self.id,
                    (key,),
                    f"严重程度 {rule.severity} 的规则,{key} 不能是 {policy}。",
                    "改成 pass,或与严重程度相称。",
                )


class ScheduledNeverStops(RuleCheck):
    """A scheduled rule looks at what has happened: it cannot hold or refuse."""

    id = "schedule.after"
    says = "定时规则在事后,不能暂停或禁止。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield scheduled rules that claim to stop payments."""
        rule = case.rule
        if rule.schedule is None:
            return
        if rule.severity in _MAY_HOLD:
            message = "定时规则在事后,不能暂停或禁止。"
            yield case.issue(self.id, ("severity",), message, "改成 orange 或以下。")


class StableHasEvidence(RuleCheck):
    """A stable rule has four examples or more; mutation shows what they are worth."""

    id = "status.evidence"
    says = "正式规则至少四个示例。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield stable rules with thin evidence."""
        rule = case.rule
        if rule.status is not Status.STABLE:
            return
        if len(rule.examples) < _EXAMPLES_STABLE:
            yield case.issue(
                self.id,
                ("status",),
                "正式规则的示例太少。",
                "至少四个示例;或先置为 trial。",
            )


class IsWritten(RuleCheck):
    """A rule that is not a draft has nothing left to write."""

    id = "status.written"
    says = "试行、正式的规则没有“待写”。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield what ``kuwei-rules new`` left to the author."""
        if case.rule.status is Status.DRAFT:
            return
        for one in scalars(case.node):
            if isinstance(one.value, str) and UNWRITTEN in one.value:
                message = f"“{one.value[:20]}”还没有写。"
                remedy = "写上内容;没写完的规则 status 用 draft。"
                yield case.issue_at(self.id, one.place, message, remedy)


class DedupesByKnownNames(RuleCheck):
    """Alerts are joined by names the subject's row has."""

    id = "dedupe.names"
    says = "预警只按对象自己的字段归并。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield names an alert could not be joined by."""
        if case.rule.dedupe is None:
            return
        for at, name in enumerate(case.rule.dedupe.by):
            if not _on_row(name, case):
                yield case.issue(
                    self.id,
                    ("dedupe", "by", at),
                    f"{name} 不是监控对象自己的字段。",
                    "写监控对象的字段。",
                )


class DedupesWithinRun(RuleCheck):
    """A run replaces what an alert counts, so it must see the alert's whole window."""

    id = "dedupe.window"
    says = "归并期不长于定时规则一次所看的时段。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield windows longer than what one run of dated rows reads."""
        rule = case.rule
        if rule.schedule is None or rule.dedupe is None or not _is_dated(case):
            return
        whole = _WHOLE[rule.schedule]
        if rule.dedupe.window not in whole:
            yield case.issue(
                self.id,
                ("dedupe", "window"),
                f"{rule.schedule} 每次只看一段,归并期 {rule.dedupe.window} 比它长,"
                "补跑时预警的笔数会变少。",
                f"window 改成 {'、'.join(sorted(whole))},或改用更长的 schedule。",
            )


def _is_dated(case: Case) -> bool:
    """Say whether a run reads only the subject's rows of its own days."""
    entity = case.vocabulary.entities.get(case.rule.subject)
    return entity is None or entity.subject_date is not None


def _on_row(name: str, case: Case) -> bool:
    subject = case.rule.subject
    if subject == PAYMENT:
        return name in case.vocabulary.payment or name in case.vocabulary.derived
    entity = case.vocabulary.entities.get(subject)
    return entity is not None and name.removeprefix(f"{subject}.") in entity.fields

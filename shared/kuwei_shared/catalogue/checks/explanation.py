"""Explanations fill in only values that are at hand where the rule hits."""

from __future__ import annotations

from collections.abc import Iterator

from kuwei_shared.catalogue.checks.study import PLACEHOLDER, Case, RuleCheck
from kuwei_shared.catalogue.issues import Issue
from kuwei_shared.rules.placeholders import ASIDE


class FillsInKnownValues(RuleCheck):
    """Every {name} is a parameter of the rule or a vocabulary name."""

    id = "explain.names"
    says = "说明中的 {名称} 是参数或词汇表名称。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield placeholders that would stay empty."""
        params = {f"param.{name}" for name in case.rule.params}
        for name, offset in case.placeholders:
            if name not in params and case.vocabulary.type_of(name) is None:
                yield case.issue_at(
                    self.id,
                    case.in_text("explain", offset),
                    f"说明中的 {{{name}}} 不是参数,也不在词汇表中。",
                    "写词汇表中的名称或 param.参数名。",
                )


class HasPairedBraces(RuleCheck):
    """Braces in an explanation come in pairs."""

    id = "explain.braces"
    says = "说明中的花括号成对。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield stray braces."""
        rest = PLACEHOLDER.sub("", case.rule.explain)
        if "{" in rest or "}" in rest:
            yield case.issue(
                self.id, ("explain",), "说明中的花括号不成对。", "写成 {名称}。"
            )


class HasSoundAsides(RuleCheck):
    """A [part] said only at times is closed, not nested, and names a {value}."""

    id = "explain.asides"
    says = "说明中的 […] 成对、不套叠,并含 {名称}。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield parts that would be shown as written, or always said."""
        text = case.rule.explain
        rest = ASIDE.sub(lambda aside: "·" * len(aside[0]), text)
        for at, char in enumerate(rest):
            if char in "[]":
                yield case.issue_at(
                    self.id,
                    case.in_text("explain", at),
                    f"说明中的“{char}”不成对,或套了两层。",
                    "写成 […{名称}…],里面不再有方括号;标点用〔〕。",
                )
        for aside in ASIDE.finditer(text):
            if not PLACEHOLDER.search(aside[2]):
                yield case.issue_at(
                    self.id,
                    case.in_text("explain", aside.start()),
                    f"“{aside[0][:20]}”里没有 {{名称}},不知何时才说。",
                    "写上它取决于的 {名称},或去掉方括号。",
                )


class IsASentence(RuleCheck):
    """Explanation and advice are Chinese sentences with a full stop."""

    id = "explain.sentence"
    says = "说明和核查建议是整句。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield texts that stop short."""
        for key, text in (("explain", case.rule.explain), ("review", case.rule.review)):
            if text and not text.rstrip().endswith(("。", "?", ")")):
                yield case.issue(self.id, (key,), f"{key} 不是整句。", "以句号收尾。")

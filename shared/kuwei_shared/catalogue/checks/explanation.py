"""Explanations fill in only values that are at hand where the rule hits."""

from __future__ import annotations

from collections.abc import Iterator

from kuwei_shared.catalogue.checks.study import PLACEHOLDER, Case, RuleCheck
from kuwei_shared.catalogue.issues import Issue


class FillsInKnownValues(RuleCheck):
    """Every {name} is a parameter of the rule or a vocabulary name."""

    id = "explain.names"

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

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield stray braces."""
        rest = PLACEHOLDER.sub("", case.rule.explain)
        if "{" in rest or "}" in rest:
            yield case.issue(
                self.id, ("explain",), "说明中的花括号不成对。", "写成 {名称}。"
            )


class IsASentence(RuleCheck):
    """Explanation and advice are Chinese sentences with a full stop."""

    id = "explain.sentence"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield texts that stop short."""
        for key, text in (("explain", case.rule.explain), ("review", case.rule.review)):
            if text and not text.rstrip().endswith(("。", "?", ")")):
                yield case.issue(self.id, (key,), f"{key} 不是整句。", "以句号收尾。")

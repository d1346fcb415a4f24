"""Examples prove the rule: all three outcomes, no repeats, values that can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kuwei_shared.catalogue.checks.condition import codes_of
from kuwei_shared.catalogue.checks.study import Case, RuleCheck
from kuwei_shared.catalogue.issues import Issue, Place
from kuwei_shared.rules.model import Example, Expected


class ShowsEveryOutcome(RuleCheck):
    """At least one example hits, one stays clear, one is undetermined."""

    id = "examples.outcomes"
    says = "三种结果各有示例。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield outcomes without an example."""
        shown = {one.expected for one in case.rule.examples}
        for expected in Expected:
            if expected not in shown:
                message = f"没有 {expected} 的示例。"
                yield case.issue(self.id, ("examples",), message, "补一个示例。")


class IsNotRepeated(RuleCheck):
    """No two examples give the same values or bear the same name."""

    id = "examples.unique"
    says = "示例的值和名称不重复。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield the second of two equal examples."""
        seen: dict[object, str] = {}
        for place, one in placed(case):
            for key in (("given", _values(one)), ("case", one.case)):
                if key in seen:
                    message = f"示例“{one.case}”与“{seen[key]}”相同。"
                    yield case.issue_at(self.id, place, message, "删去,或改出区别。")
                seen.setdefault(key, one.case)


class GivesKnownCodes(RuleCheck):
    """A coded value in an example is one the vocabulary lists."""

    id = "examples.codes"
    says = "示例中的代码是词汇表列出的。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield codes that do not exist."""
        for place, one in placed(case):
            for name, value in one.given.items():
                known = codes_of(name, case.vocabulary)
                if known and value is not None and value not in known:
                    message = f"示例“{one.case}”:{name} 没有取值 {value}。"
                    remedy = f"改成 {'、'.join(known)} 之一。"
                    yield case.issue_at(self.id, place, message, remedy)


def placed(case: Case) -> Iterator[tuple[Place, Example]]:
    """Yield every example with its place in the file."""
    counts: Counter[Expected] = Counter()
    for one in case.rule.examples:
        at = counts[one.expected]
        counts[one.expected] += 1
        yield case.place("examples", one.expected.value, at, "case"), one


def _values(example: Example) -> tuple[tuple[str, str], ...]:
    given = example.given.items()
    return tuple(sorted((name, repr(value)) for name, value in given))

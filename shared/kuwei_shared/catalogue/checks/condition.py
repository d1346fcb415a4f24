"""Conditions parse, say what they need, and compare with values that exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kuwei_shared.catalogue.checks.study import Case, RuleCheck
from kuwei_shared.catalogue.issues import Issue
from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.model import Example
from kuwei_shared.rules.parser import ExpressionError
from kuwei_shared.rules.vocabulary import PAYMENT, Vocabulary

# A scheduled row knows the day it runs for besides its own columns.
_RUN_NAMES = frozenset({"vou_date", "fiscal_year", "stage"})


class Parses(RuleCheck):
    """A condition is in the language, and its types agree."""

    id = "condition"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield the first thing the condition says that the language cannot."""
        error = case.condition
        if isinstance(error, ExpressionError):
            place = case.error_place(error)
            remedy = "对照词汇表与条件语言的说明改写。"
            yield case.issue_at(self.id, place, error.message, remedy)


class RequiresKnownNames(RuleCheck):
    """Names a rule requires are in the vocabulary, and something rests on them."""

    id = "requires.known"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield unknown and idle required names."""
        used = {*case.names, *_beneath(case)}
        for at, name in enumerate(case.rule.requires):
            keys = ("requires", at)
            if case.vocabulary.type_of(name) is None:
                yield case.issue(
                    self.id, keys, f"词汇表中没有 {name}。", "改成已有的名称。"
                )
            elif case.tree is not None and name not in used:
                yield case.issue(
                    self.id,
                    keys,
                    f"{name} 未被条件或说明使用。",
                    "从 requires 中删去。",
                )


def _beneath(case: Case) -> set[str]:
    """Return the names references and facts in use are found or measured by."""
    found = {name for name, _ in case.placeholders} | set(case.scope_names)
    for name in case.names:
        prefix, _, rest = name.partition(".")
        if prefix == "fact":
            fact = case.vocabulary.facts[rest]
            found.update((*fact.over, *((fact.of,) if fact.of else ())))
        found |= _keys(prefix, case.vocabulary)
    return found


def _keys(prefix: str, vocabulary: Vocabulary) -> set[str]:
    entity = vocabulary.entities.get(prefix)
    sources = set(entity.keys.values()) if entity else set()
    deeper = (_keys(one.partition(".")[0], vocabulary) for one in sources if "." in one)
    return sources.union(*deeper)


class ConsidersAbsence(RuleCheck):
    """A value that may be absent is required, tested for, or absent in an example."""

    id = "absence.considered"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield names whose absence the author has not looked at."""
        if case.tree is None:
            return
        settled = {*case.rule.requires, *tree.null_tested(case.tree)}
        for name in case.names:
            if name in settled or not may_be_absent(name, case.vocabulary):
                continue
            if not any(_is_absent(name, one, case) for one in case.rule.examples):
                yield case.issue_at(
                    self.id,
                    case.in_text("when", max(case.rule.when.find(name), 0)),
                    f"{name} 可能缺失,规则没有说缺失时怎样。",
                    "写进 requires,或用 IS NULL 判断,或加一个它为 null 的示例。",
                )


def may_be_absent(name: str, vocabulary: Vocabulary) -> bool:
    """Say whether a row can lack the value of a name."""
    prefix, _, rest = name.partition(".")
    if prefix == "param":
        return False
    if prefix == "fact":
        fact = vocabulary.facts[rest]
        return any(may_be_absent(key, vocabulary) for key in fact.over)
    derived = vocabulary.derived.get(name)
    field = vocabulary.payment.get(derived.source if derived else name)
    return field is None or not field.required


def _is_absent(name: str, example: Example, case: Case) -> bool:
    return example.given.get(name, case.base.get(name)) is None


class ReachesItsNames(RuleCheck):
    """A scheduled rule reads only what its subject's row can lead to."""

    id = "names.reach"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield names that cannot be joined to the subject."""
        if case.rule.subject == PAYMENT:
            return
        for name in sorted(case.operands):
            if not _reachable(name, case.rule.subject, case.vocabulary):
                yield case.issue_at(
                    self.id,
                    case.in_text("when", max(case.rule.when.find(name), 0)),
                    f"从 {case.rule.subject} 到不了 {name}。",
                    "改用该对象自己的字段,或换监控对象。",
                )


class ComparesWithKnownCodes(RuleCheck):
    """A coded field is compared only with codes the vocabulary lists."""

    id = "codes.known"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield comparisons that can never be true."""
        if case.tree is None:
            return
        for name, value in _comparisons(case.tree):
            known = codes_of(name, case.vocabulary)
            if known and value not in known:
                yield case.issue_at(
                    self.id,
                    case.in_text("when", max(case.rule.when.find(f"'{value}'"), 0)),
                    f"{name} 没有取值 '{value}'。",
                    f"改成 {'、'.join(known)} 之一。",
                )


def codes_of(name: str, vocabulary: Vocabulary) -> Mapping[str, str]:
    """Return the codes a name may take with their labels, empty if free."""
    prefix, _, rest = name.partition(".")
    entity = vocabulary.entities.get(prefix)
    found = entity.fields.get(rest) if entity else vocabulary.payment.get(name)
    return found.values if found else {}


def _comparisons(node: tree.Node) -> Iterator[tuple[str, str]]:
    for part in tree.walk(node):
        match part:
            case tree.Compare(_, tree.Name(path), tree.Literal(str(value))):
                yield path, value
            case tree.Compare(_, tree.Literal(str(value)), tree.Name(path)):
                yield path, value
            case tree.Member(tree.Name(path), options):
                for one in options:
                    if isinstance(one.value, str):
                        yield path, one.value
            case _:
                continue


def _reachable(name: str, subject: str, vocabulary: Vocabulary) -> bool:
    prefix, _, rest = name.partition(".")
    own = vocabulary.entities[subject].fields
    if not rest:
        derived = vocabulary.derived.get(name)
        return name in _RUN_NAMES or name in own or bool(derived)
    if prefix == subject:
        return True
    if prefix == "fact":
        return all(key in own for key in vocabulary.facts[rest].over)
    sources = vocabulary.entities[prefix].keys.values()
    return bool(sources) and all(
        _reachable(source, subject, vocabulary) for source in sources
    )

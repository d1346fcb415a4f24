"""Conditions parse, say what they need, and compare with values that exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from kuwei_shared.catalogue.checks.study import Case, RuleCheck, Study
from kuwei_shared.catalogue.issues import Issue
from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.faults import ExpressionError
from kuwei_shared.rules.model import Example
from kuwei_shared.rules.vocabulary import Vocabulary

MANUAL = "docs/conditions.md"
# A scheduled row knows the day it runs for besides its own columns.
_RUN_NAMES = frozenset({"vou_date", "fiscal_year", "stage"})


class Parses(RuleCheck):
    """A condition is in the language, and its types agree."""

    id = "condition"
    says = "条件合条件语言,各方同类。"

    def issues(self, study: Study) -> Iterator[Issue]:
        """Yield the faults of every condition, in rules otherwise wrong too."""
        yield from super().issues(study)
        for case in study.flawed:
            sure = (one for one in case.faults if _is_sure(one, case))
            yield from self.on(replace(case, faults=tuple(sure)))

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield everything the condition says that the language cannot."""
        for error in case.faults:
            remedy = f"{error.remedy}条件语言见 {MANUAL}。"
            yield case.issue_at(self.id, case.error_place(error), error.said, remedy)


def _is_sure(fault: ExpressionError, case: Case) -> bool:
    """Say whether a fault cannot follow from what is wrong elsewhere in the rule."""
    of_param = fault.said.startswith("规则没有参数")
    return bool(case.rule.when) and fault.code not in {
        "expression.type",
        *({"expression.unknown_name"} if of_param and not case.rule.params else ()),
    }


class RequiresKnownNames(RuleCheck):
    """Names a rule requires are in the vocabulary, and something rests on them."""

    id = "requires.known"
    says = "requires 的名称在词汇表中,且被用到。"

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
    """Return the names that find, measure or join what the rule uses."""
    dedupe = case.rule.dedupe.by if case.rule.dedupe else ()
    found = {*case.scope_names, *dedupe, *(name for name, _ in case.placeholders)}
    for name in case.names:
        prefix, _, rest = name.partition(".")
        if prefix == "fact":
            fact = case.vocabulary.facts[rest]
            found.update((*fact.over, *((fact.of,) if fact.of else ())))
        found |= _keys(prefix, case.vocabulary)
    return found


def _keys(prefix: str, vocabulary: Vocabulary) -> set[str]:
    """Return both ends of the joins that lead to an entity."""
    entity = vocabulary.entities.get(prefix)
    if entity is None:
        return set()
    own = {f"{prefix}.{column}" for column in entity.keys}
    sources = set(entity.keys.values())
    deeper = (_keys(one.partition(".")[0], vocabulary) for one in sources if "." in one)
    return own.union(sources, *deeper)


class ConsidersAbsence(RuleCheck):
    """A value that may be absent is required, tested for, or absent in an example."""

    id = "absence.considered"
    says = "可能缺失的名称,说明了缺失时怎样。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield names whose absence the author has not looked at."""
        if case.tree is None:
            return
        settled = frozenset({*case.rule.requires, *tree.null_tested(case.tree)})
        settled |= _own_keys(case)
        for name in case.names:
            if not _may_be_absent(name, settled, case.vocabulary):
                continue
            if not any(_is_absent(name, one, case) for one in case.rule.examples):
                yield case.issue_at(
                    self.id,
                    case.in_text("when", max(case.rule.when.find(name), 0)),
                    f"{name} 可能缺失,规则没有说缺失时怎样。",
                    "写进 requires,或用 IS NULL 判断,或加一个它为 null 的示例。",
                )


def _own_keys(case: Case) -> frozenset[str]:
    """Return what a scheduled rule's subject is known by: never absent."""
    entity = case.vocabulary.entities.get(case.rule.subject)
    if entity is None:
        return frozenset()
    keys = entity.subject_key or tuple(entity.keys)
    return frozenset((*keys, *(f"{entity.name}.{key}" for key in keys)))


def _may_be_absent(name: str, settled: frozenset[str], vocabulary: Vocabulary) -> bool:
    """Say whether a name can be without a value and nothing settles that."""
    prefix, _, rest = name.partition(".")
    if prefix == "param" or name in settled:
        return False
    if prefix == "fact":
        over = vocabulary.facts[rest].over
        return any(_may_be_absent(key, settled, vocabulary) for key in over)
    derived = vocabulary.derived.get(name)
    field = vocabulary.payment.get(derived.source if derived else name)
    return field is None or not field.required


def _is_absent(name: str, example: Example, case: Case) -> bool:
    return example.given.get(name, case.base.get(name)) is None


class ReachesItsNames(RuleCheck):
    """A scheduled rule reads only what its subject's row can lead to."""

    id = "names.reach"
    says = "定时规则只读从对象到得了的名称。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield names that cannot be joined to the subject."""
        if case.rule.subject not in case.vocabulary.entities:
            return
        for name in sorted(case.operands):
            if not _reachable(name, case.rule.subject, case.vocabulary):
                yield case.issue_at(
                    self.id,
                    case.in_text("when", max(case.rule.when.find(name), 0)),
                    f"从 {case.rule.subject} 到不了 {name}。",
                    "改用该对象自己的字段,或换监控对象。",
                )


class ReadsInTime(RuleCheck):
    """A rule on arrival reads only facts that are certain while its unit waits."""

    id = "facts.realtime"
    says = "逐笔规则只用逐笔可用的事实。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield facts that are known only when the day is closed."""
        if case.rule.schedule is not None:
            return
        facts = case.vocabulary.facts
        for name in sorted(case.operands):
            fact = facts.get(name.removeprefix("fact."))
            if name.startswith("fact.") and fact and not fact.is_realtime:
                yield case.issue_at(
                    self.id,
                    case.in_text("when", max(case.rule.when.find(name), 0)),
                    f"{name} 的首键不是单位、指标、项目或合同,逐笔审核时取不到。",
                    "改为 day_end 或 month_end 的定时规则,或换事实。",
                )


class ComparesWithKnownCodes(RuleCheck):
    """A coded field is compared only with codes the vocabulary lists."""

    id = "codes.known"
    says = "有取值表的字段只与表中的代码比较。"

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

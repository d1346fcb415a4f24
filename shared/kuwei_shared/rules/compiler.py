"""A whole effective catalogue becomes one SQL statement per engine.

The statement takes a set of rows (CTE ``incoming``) and returns for each row the
outcome of every rule as one letter in catalogue order, the weight of the strongest
decision, and, for rows with something to explain, the operand values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.facts import Plan, plan_facts
from kuwei_shared.rules.faults import ExpressionError
from kuwei_shared.rules.model import (
    Catalogue,
    Policy,
    Rule,
    Schedule,
    Severity,
    Status,
    Value,
)
from kuwei_shared.rules.naming import Names
from kuwei_shared.rules.parser import parse
from kuwei_shared.rules.placeholders import placeholders
from kuwei_shared.rules.printer import Dialect, Printer, column, quote
from kuwei_shared.rules.probing import keys_of
from kuwei_shared.rules.relations import Reach
from kuwei_shared.rules.running import Total, total_of, totals_of
from kuwei_shared.rules.vocabulary import PAYMENT, Fact

HIT, CLEAR, UNDETERMINED, NOT_APPLICABLE, ERROR = "1", "0", "?", "-", "!"

PASS_WEIGHT, HOLD_WEIGHT, REJECT_WEIGHT = 0, 2, 3
_BY_SEVERITY: Mapping[Severity, int] = {
    Severity.RED: HOLD_WEIGHT,
    Severity.GREY: REJECT_WEIGHT,
}
POLICY_WEIGHT: Mapping[Policy, int] = {
    Policy.PASS: PASS_WEIGHT,
    Policy.HOLD: HOLD_WEIGHT,
    Policy.REJECT: REJECT_WEIGHT,
}
NO_TOTALS: Mapping[Total, int] = {}
# concat() takes a hundred arguments in PostgreSQL.
_CONCAT_MAX = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveRule:
    """A rule as it acts here: tuned parameters, and whether it may stop a payment.

    Attributes:
        params: parameter values after tuning.
        alert_only: a tripped rule: hits are recorded, nothing is stopped.
    """

    rule: Rule
    params: Mapping[str, Value]
    alert_only: bool = False

    @property
    def acts(self) -> bool:
        """Whether its outcome may hold or refuse a payment."""
        return self.rule.status is Status.STABLE and not self.alert_only

    @property
    def hit_weight(self) -> int:
        """Weight a hit adds to the decision."""
        return _BY_SEVERITY.get(self.rule.severity, PASS_WEIGHT) if self.acts else 0

    @property
    def missing_weight(self) -> int:
        """Weight an undetermined outcome adds to the decision."""
        return POLICY_WEIGHT[self.rule.on_missing] if self.acts else 0

    @property
    def error_weight(self) -> int:
        """Weight a failure of the rule itself adds to the decision."""
        return POLICY_WEIGHT[self.rule.on_error] if self.acts else 0


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Compiled rules over one kind of row, ready to be printed under a plan.

    Attributes:
        rules: in the order of the outcome letters.
    """

    catalogue: Catalogue
    subject: str
    rules: tuple[EffectiveRule, ...]
    trees: Mapping[str, tree.Node] = field(default_factory=dict)

    @cached_property
    def operands(self) -> tuple[str, ...]:
        """Every vocabulary name the rules read, each once."""
        used: dict[str, None] = {}
        for one in self.rules:
            for name in self.operands_of(one.rule):
                used[name] = None
        return tuple(used)

    def operands_of(self, rule: Rule) -> tuple[str, ...]:
        """Return the names one rule reads: condition, needs, scope, explanation."""
        said = [*tree.names(self.trees[rule.id]), *placeholders(rule.explain)]
        plain = [name for name in said if not name.startswith("param.")]
        return tuple(dict.fromkeys([*plain, *rule.requires, *_scope_names(rule)]))

    @cached_property
    def totals(self) -> tuple[Total, ...]:
        """The running totals a node may keep for the facts in use."""
        return totals_of(self._facts)

    def keys_probed(self, totals: Mapping[Total, int]) -> tuple[tuple[str, ...], ...]:
        """Return the keys by which facts are looked up that no kept total gives."""
        return keys_of([fact for fact in self._facts if total_of(fact) not in totals])

    @property
    def _facts(self) -> list[Fact]:
        declared = self.catalogue.vocabulary.facts
        used = [name for name in self.operands if name.startswith("fact.")]
        return [declared[name.removeprefix("fact.")] for name in used]

    def sql(
        self,
        dialect: Dialect,
        incoming: str,
        plan: Plan,
        totals: Mapping[Total, int] = NO_TOTALS,
    ) -> str:
        """Return the whole statement.

        Args:
            dialect: engine it is for.
            incoming: a SELECT yielding the rows; see Reach for its columns.
            plan: physical plan of the facts.
            totals: running totals kept, with their numbers; for ARRIVAL.

        Returns:
            SQL yielding ``seq, weight, outcomes, operands``; one row per row of
            incoming. ``operands`` is a JSON object, null when nothing was hit or
            undetermined.
        """
        enriched, ctes = self._enriched(plan, totals)
        head = ",\n".join([f"incoming AS MATERIALIZED ({incoming})", *ctes])
        judged = self.judged(dialect, enriched)
        explained = self._operands_json(dialect)
        return (
            f"WITH {head}\nSELECT j.seq, {self._weight()} AS weight, j.outcomes,"
            f" CASE WHEN {_speaks()} THEN {explained} END AS operands"
            f"\nFROM ({judged}) j"
        )

    def judged(self, dialect: Dialect, enriched: str) -> str:
        """Return the SELECT of outcome letters over an enriched row source."""
        letters = [self._letter(one, dialect) for one in self.rules]
        kept = ", ".join(["e.seq", *(f'e."{name}"' for name in self.operands)])
        fence = " OFFSET 0" if dialect is Dialect.POSTGRES else ""
        return (
            f"SELECT {kept}, {_concat(letters)} AS outcomes FROM ({enriched}) e{fence}"
        )

    def enriched(self, incoming: str, plan: Plan) -> str:
        """Return the SELECT of the rows with every operand as a ready column."""
        body, ctes = self._enriched(plan)
        head = ",\n".join([f"incoming AS MATERIALIZED ({incoming})", *ctes])
        return f"WITH {head}\n{body}"

    def _enriched(
        self, plan: Plan, totals: Mapping[Total, int] = NO_TOTALS
    ) -> tuple[str, tuple[str, ...]]:
        vocabulary = self.catalogue.vocabulary
        fact_sql = plan_facts(self._facts, plan, vocabulary, totals)
        reach = Reach(vocabulary=vocabulary, subject=self.subject)
        given = plan is Plan.GIVEN
        columns = ["p.seq"]
        for name in self.operands:
            if name.startswith("fact."):
                source = fact_sql.values[name.removeprefix("fact.")]
            else:
                source = f'p."{name}"' if given else reach.sql(name)
            columns.append(f'{source} AS "{name}"')
        joins = "" if given else reach.joins(self.operands)
        body = f"SELECT {', '.join(columns)} FROM {fact_sql.source} p\n{joins}"
        return "\n".join([body, *fact_sql.joins]), fact_sql.ctes

    def _letter(self, one: EffectiveRule, dialect: Dialect) -> str:
        printer = Printer(
            dialect=dialect,
            params=one.params,
            lists=self.catalogue.lists,
            patterns=self.catalogue.patterns,
        )
        settled = _settled(printer, self.trees[one.rule.id], one.rule.requires)
        branches = []
        outside = _outside(one.rule, self._stages)
        if outside:
            branches.append(f"WHEN {outside} THEN '{NOT_APPLICABLE}'")
        if one.rule.requires:
            missing = " OR ".join(f"{column(n)} IS NULL" for n in one.rule.requires)
            branches.append(f"WHEN {missing} THEN '{UNDETERMINED}'")
        if not branches:
            return settled
        return f"CASE {' '.join(branches)} ELSE {settled} END"

    @property
    def _stages(self) -> frozenset[str]:
        """All stages there are; the ledger takes no other."""
        return frozenset(self.catalogue.vocabulary.payment["stage"].values)

    def _weight(self) -> str:
        """Return the strongest decision weight, read off the outcome letters."""
        with_hits, without = ["0"], ["0"]
        for place, one in enumerate(self.rules, start=1):
            letter = f"CASE substr(j.outcomes, {place}, 1)"
            missing = f" WHEN '{UNDETERMINED}' THEN {one.missing_weight} ELSE 0 END"
            if one.hit_weight or one.missing_weight:
                hit = f" WHEN '{HIT}' THEN {one.hit_weight}"
                with_hits.append(f"{letter}{hit}{missing}")
            if one.missing_weight:
                without.append(f"{letter}{missing}")
        # Few rows hit anything, and each letter costs a walk along the outcomes.
        return (
            f"CASE WHEN {_speaks()} THEN greatest({', '.join(with_hits)})"
            f" ELSE greatest({', '.join(without)}) END"
        )

    def _operands_json(self, dialect: Dialect) -> str:
        build = "jsonb_build_object" if dialect is Dialect.POSTGRES else "json_object"
        pairs = [f'{quote(name)}, j."{name}"' for name in self.operands]
        if dialect is Dialect.DUCKDB:
            return f"{build}({', '.join(pairs)})"
        if not pairs:
            return f"{build}()"
        # A function takes a hundred arguments: forty-five pairs at a time.
        chunks = [pairs[at : at + 45] for at in range(0, len(pairs), 45)]
        return " || ".join(f"{build}({', '.join(chunk)})" for chunk in chunks)


def _speaks() -> str:
    return f"j.outcomes LIKE '%{HIT}%'"


def _concat(letters: Sequence[str]) -> str:
    if not letters:
        return "''"
    chunks = [
        f"concat({', '.join(letters[at : at + _CONCAT_MAX])})"
        for at in range(0, len(letters), _CONCAT_MAX)
    ]
    return " || ".join(chunks)


def _scope_names(rule: Rule) -> list[str]:
    names = ["stage"] if rule.stages else []
    if rule.scope.levels:
        names.append("jurisdiction.level")
    if rule.scope.fund_scopes:
        names.append("fund_scope")
    if rule.scope.pay_types:
        names.append("pay_type_code")
    return names


def _settled(printer: Printer, condition: tree.Node, known: Sequence[str]) -> str:
    """Return the letter of a condition: hit, clear, else undetermined.

    PostgreSQL computes it once. DuckDB would compute every term of it for every row;
    asked what is true, it drops rows term by term. What is then left is clear, unless
    something is missing.

    Args:
        printer: prints for one engine.
        condition: the rule's.
        known: names that are not missing where the letter is asked for.
    """
    said = printer.print(condition)
    if printer.dialect is Dialect.POSTGRES:
        cases = f"WHEN true THEN '{HIT}' WHEN false THEN '{CLEAR}'"
        return f"CASE {said} {cases} ELSE '{UNDETERMINED}' END"
    refuted = printer.print(tree.negation(condition))
    unsettled = f"CASE WHEN {refuted} THEN '{CLEAR}' ELSE '{UNDETERMINED}' END"
    if tree.may_fail(condition):
        return f"CASE WHEN {said} THEN '{HIT}' ELSE {unsettled} END"
    read = (name for name in tree.names(condition) if not name.startswith("param."))
    missing = [f"{column(name)} IS NULL" for name in read if name not in known]
    doubt = f" WHEN {' OR '.join(missing)} THEN {unsettled}" if missing else ""
    return f"CASE WHEN {said} THEN '{HIT}'{doubt} ELSE '{CLEAR}' END"


def _outside(rule: Rule, stages: frozenset[str]) -> str:
    """Return when a row is surely outside a rule's scope; unknown counts as inside."""
    limits = {
        "stage": () if stages <= set(rule.stages) else rule.stages,
        "jurisdiction.level": rule.scope.levels,
        "fund_scope": rule.scope.fund_scopes,
        "pay_type_code": rule.scope.pay_types,
    }
    tests = [
        f"{column(name)} NOT IN ({', '.join(map(quote, allowed))})"
        for name, allowed in limits.items()
        if allowed
    ]
    return " OR ".join(tests)


def names_of(rule: Rule, catalogue: Catalogue) -> Names:
    """Return what a rule's condition may refer to."""
    return Names(
        vocabulary=catalogue.vocabulary,
        params=rule.params,
        lists=catalogue.lists,
        patterns=catalogue.patterns,
        subject=rule.subject,
    )


def compile_rules(
    catalogue: Catalogue,
    rules: Sequence[EffectiveRule],
    *,
    subject: str = PAYMENT,
    schedule: Schedule | None = None,
) -> Statement:
    """Compile the active rules of one subject and trigger.

    Args:
        catalogue: gives lists, patterns and vocabulary.
        rules: the effective rules of the whole catalogue.
        subject: kind of row to compile for.
        schedule: None for realtime rules, else the schedule they run on.

    Raises:
        ExpressionError: if a condition is not in the language; it names the rule.
    """
    chosen = tuple(
        one
        for one in sorted(rules, key=lambda one: one.rule.id)
        if one.rule.status in {Status.TRIAL, Status.STABLE}
        and one.rule.subject == subject
        and one.rule.schedule is schedule
    )
    trees = {one.rule.id: _condition(one.rule, catalogue) for one in chosen}
    return Statement(catalogue=catalogue, subject=subject, rules=chosen, trees=trees)


def _condition(rule: Rule, catalogue: Catalogue) -> tree.Node:
    try:
        return parse(rule.when, names_of(rule, catalogue))
    except ExpressionError as error:
        raise error.of(rule.id) from error


def untuned(catalogue: Catalogue) -> tuple[EffectiveRule, ...]:
    """Return the standard catalogue's rules with default parameters."""
    return tuple(
        EffectiveRule(
            rule=rule,
            params={name: param.default for name, param in rule.params.items()},
        )
        for rule in catalogue.rules.values()
    )

"""What every check looks at: the files as read, and each condition parsed once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from kuwei_shared.catalogue import files as layout
from kuwei_shared.catalogue.document import Node, Plain, find
from kuwei_shared.catalogue.issues import Issue, Place
from kuwei_shared.catalogue.loading import Reading, scalar
from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.faults import ExpressionError
from kuwei_shared.rules.model import Rule, Value
from kuwei_shared.rules.naming import Names
from kuwei_shared.rules.parser import parse
from kuwei_shared.rules.vocabulary import Vocabulary

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_QUOTED = re.compile("“(.+?)”")


class Check(Protocol):
    """One demand on the catalogue; ``says`` tells authors which, in one line."""

    id: str
    says: str

    def issues(self, study: Study) -> Iterator[Issue]:
        """Yield every place where the demand is not met."""
        ...


@dataclass(frozen=True, kw_only=True)
class Case:
    """One rule under study, with its file and its parsed condition.

    Attributes:
        tree: the condition's tree, None if it does not parse.
        faults: why it does not, leaving out what a broken file would have held.
    """

    path: str
    node: Node
    rule: Rule
    vocabulary: Vocabulary
    base: Mapping[str, Value]
    tree: tree.Node | None
    faults: tuple[ExpressionError, ...] = ()

    def place(self, *keys: str | int) -> Place:
        """Return where something of the rule is written."""
        return find(self.node, keys)

    def issue(
        self, code: str, keys: tuple[str | int, ...], message: str, remedy: str
    ) -> Issue:
        """Return an issue at a key of this rule's file."""
        return self.issue_at(code, self.place(*keys), message, remedy)

    def issue_at(self, code: str, place: Place, message: str, remedy: str) -> Issue:
        """Return an issue of this rule at a place."""
        return Issue(
            place=place, code=code, message=message, remedy=remedy, rule=self.rule.id
        )

    def in_text(self, key: str, offset: int) -> Place:
        """Return the place of a character inside a text value of the rule."""
        node = scalar(self.node, key)
        return node.at(offset) if node else self.place(key)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names the condition reads, parameters included."""
        return tree.names(self.tree) if self.tree is not None else ()

    @cached_property
    def scope_names(self) -> tuple[str, ...]:
        """Names the trigger and the scope read."""
        rule = self.rule
        reads = {
            "stage": rule.stages,
            "jurisdiction.level": rule.scope.levels,
            "fund_scope": rule.scope.fund_scopes,
            "pay_type_code": rule.scope.pay_types,
        }
        return tuple(name for name, limits in reads.items() if limits)

    @cached_property
    def operands(self) -> frozenset[str]:
        """Known names whose values the compiled rule reads or shows."""
        said = (*self.names, *(name for name, _ in self.placeholders))
        read = (*said, *self.rule.requires, *self.scope_names)
        return frozenset(
            name for name in read if self.vocabulary.type_of(name) is not None
        )

    @cached_property
    def placeholders(self) -> tuple[tuple[str, int], ...]:
        """Names the explanation fills in, with their offsets."""
        found = PLACEHOLDER.finditer(self.rule.explain)
        return tuple((match[1], match.start()) for match in found)

    def error_place(self, error: ExpressionError) -> Place:
        """Return where in the condition an expression error lies."""
        column = error.details.get("column")
        if isinstance(column, int):
            return self.in_text("when", column)
        quoted = _QUOTED.search(error.said)
        offset = self.rule.when.find(quoted[1]) if quoted else 0
        return self.in_text("when", max(offset, 0))


@dataclass(frozen=True, kw_only=True)
class Study:
    """The whole catalogue under study.

    Attributes:
        schemas: JSON Schemas by name (``rule``, ``list``, …), empty to skip them.
    """

    reading: Reading
    schemas: Mapping[str, Plain]

    @property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary the rules are written in."""
        return self.reading.vocabulary

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """Every readable rule file."""
        return tuple(self._case(path, rule) for path, rule in self.reading.rules)

    @cached_property
    def flawed(self) -> tuple[Case, ...]:
        """Every rule file of which some value is wrong."""
        return tuple(self._case(path, rule) for path, rule in self.reading.flawed)

    def _case(self, path: str, rule: Rule) -> Case:
        catalogue = self.reading.catalogue
        names = Names(
            vocabulary=self.vocabulary,
            params=rule.params,
            lists=catalogue.lists,
            patterns=catalogue.patterns,
            subject=rule.subject,
        )
        condition, faults = _parsed(rule.when, names)
        return Case(
            path=path,
            node=self.reading.nodes[path],
            rule=rule,
            vocabulary=self.vocabulary,
            base=catalogue.base_example,
            tree=condition,
            faults=tuple(one for one in faults if not self._is_unread(one)),
        )

    def _is_unread(self, fault: ExpressionError) -> bool:
        """Say whether what a condition misses is in a file that could not be read."""
        prefix, _, name = str(fault.details.get("missing", "")).partition(".")
        holder = layout.PATTERNS if prefix == "pattern" else f"lists/{name}.yaml"
        return holder in self.reading.broken


def _parsed(
    text: str, names: Names
) -> tuple[tree.Node | None, tuple[ExpressionError, ...]]:
    try:
        return parse(text, names), ()
    except ExpressionError as error:
        return None, error.all


class RuleCheck:
    """A check that looks at one rule at a time."""

    id = ""
    says = ""

    def issues(self, study: Study) -> Iterator[Issue]:
        """Yield the issues of every rule."""
        for case in study.cases:
            yield from self.on(case)

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield the issues of one rule."""
        raise NotImplementedError

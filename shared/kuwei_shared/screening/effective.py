"""The effective catalogue of one node: standard rules, tuned, plus local ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from kuwei_shared.rules.compiler import EffectiveRule, Statement, compile_rules
from kuwei_shared.rules.model import Catalogue, Schedule


@dataclass(frozen=True, kw_only=True)
class EffectiveCatalogue:
    """Rules as they act at one node.

    Attributes:
        release: version of the standard release underneath.
        catalogue: its rules, lists and vocabulary, local rules merged in.
        rules: every rule with its tuned parameters.
        local_ids: ids of the rules that are the node's own.
    """

    release: str
    catalogue: Catalogue
    rules: tuple[EffectiveRule, ...]
    local_ids: frozenset[str] = frozenset()

    @cached_property
    def by_id(self) -> Mapping[str, EffectiveRule]:
        """Rules by id."""
        return {one.rule.id: one for one in self.rules}

    @cached_property
    def realtime(self) -> Statement:
        """The statement every arriving payment meets."""
        return compile_rules(self.catalogue, self.rules)

    @cached_property
    def realtime_ids(self) -> tuple[str, ...]:
        """Rule ids in the order of the outcome letters."""
        return tuple(one.rule.id for one in self.realtime.rules)

    def scheduled(self, subject: str, schedule: Schedule) -> Statement:
        """Return the statement of one subject's rules on a schedule."""
        return compile_rules(
            self.catalogue, self.rules, subject=subject, schedule=schedule
        )

    @cached_property
    def tuning(self) -> dict[str, dict[str, str]]:
        """Parameter values that differ from the standard, as text."""
        moved: dict[str, dict[str, str]] = {}
        for one in self.rules:
            for name, value in one.params.items():
                if value != one.rule.params[name].default:
                    moved.setdefault(one.rule.id, {})[name] = str(value)
            if one.alert_only:
                moved.setdefault(one.rule.id, {})["alert_only"] = "true"
        return moved

    @cached_property
    def fingerprint(self) -> str:
        """Name of exactly this catalogue: equal ones screen alike."""
        content = {
            "release": self.release,
            "tuning": self.tuning,
            "rules": {one.rule.id: one.rule.version for one in self.rules},
            "local": {
                rule_id: repr(self.by_id[rule_id].rule)
                for rule_id in sorted(self.local_ids)
            },
        }
        packed = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(packed.encode()).hexdigest()

"""Every behaviour the founding documents ask to be watched has a rule."""

from __future__ import annotations

from collections.abc import Iterator

from kuwei_shared.catalogue import files as layout
from kuwei_shared.catalogue.checks.study import Study
from kuwei_shared.catalogue.issues import Issue, Place
from kuwei_shared.rules.model import Status

RULES_MIN = 60
DEMANDED: tuple[str, ...] = (
    *(f"GX-9.1.{number}" for number in range(1, 15)),
    *(f"GX-9.2.{number}" for number in (2, 3, 4, 5, 6, 8)),
    *(f"WL-11.{number}" for number in range(1, 6)),
    "WL-13",
    "MF-16",
)
_LIVING = frozenset({Status.TRIAL, Status.STABLE})


class CoversDemands:
    """Each demanded clause is the ground of a trial or stable rule."""

    id = "coverage"
    says = "来源要求监控的每一条都有试行或正式规则。"

    def issues(self, study: Study) -> Iterator[Issue]:
        """Yield demanded clauses without a rule."""
        cited = {
            basis.ref
            for case in study.cases
            if case.rule.status in _LIVING
            for basis in case.rule.basis
        }
        for demand in DEMANDED:
            if not any(ref == demand or ref.startswith(f"{demand}.") for ref in cited):
                yield Issue(
                    place=Place(path=layout.CATALOGUE),
                    code=self.id,
                    message=f"没有规则以 {demand} 为依据。",
                    remedy="补一条规则,或在已有规则的 basis 中写明。",
                )


class IsWide:
    """The standard catalogue has sixty living rules or more."""

    id = "coverage.count"
    says = "试行和正式规则不少于 60 条。"

    def issues(self, study: Study) -> Iterator[Issue]:
        """Yield the shortfall."""
        living = sum(case.rule.status in _LIVING for case in study.cases)
        if living < RULES_MIN:
            yield Issue(
                place=Place(path=layout.CATALOGUE),
                code=self.id,
                message=f"只有 {living} 条试行或正式规则。",
                remedy=f"至少 {RULES_MIN} 条。",
            )

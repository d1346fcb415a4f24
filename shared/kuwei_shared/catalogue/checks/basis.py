"""Every rule stands on a clause, in force, with dates that make sense."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from kuwei_shared.catalogue.checks.study import Case, RuleCheck
from kuwei_shared.catalogue.issues import Issue
from kuwei_shared.rules.model import Status

FOUNDING = dt.date(1949, 10, 1)


class HasSaneDates(RuleCheck):
    """A ground takes effect before it lapses, and not before 1949."""

    id = "basis.dates"
    says = "依据先施行后失效,不早于 1949 年。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield grounds whose dates cannot be."""
        for at, one in enumerate(case.rule.basis):
            start, end = one.from_date, one.until_date
            if start and start < FOUNDING:
                message = f"施行日期 {start} 早于 1949-10-01。"
                yield case.issue(self.id, ("basis", at, "from"), message, "核对日期。")
            if start and end and end <= start:
                message = f"失效日期 {end} 不晚于施行日期 {start}。"
                yield case.issue(self.id, ("basis", at, "until"), message, "核对日期。")


class IsInForce(RuleCheck):
    """A rule that is not retired has at least one ground without an end."""

    id = "basis.in_force"
    says = "未停用的规则至少有一条没有失效的依据。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield living rules whose grounds have all lapsed."""
        lapsed = all(one.until_date is not None for one in case.rule.basis)
        if case.rule.status is not Status.RETIRED and lapsed:
            yield case.issue(
                self.id,
                ("basis",),
                "所有依据都已写明失效日期。",
                "补上现行依据,或把规则置为 retired。",
            )


class CitesOnce(RuleCheck):
    """The same clause is cited once for the same period."""

    id = "basis.once"
    says = "同一条款在同一时期只引一次。"

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield the second citation of a clause."""
        seen = set()
        for at, one in enumerate(case.rule.basis):
            key = (one.ref, one.document, one.clause, one.from_date)
            if key in seen:
                message = f"依据 {one.ref} 写了两次。"
                yield case.issue(self.id, ("basis", at, "ref"), message, "删去重复的。")
            seen.add(key)

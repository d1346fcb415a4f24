"""Figures for those who may see them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kuwei_hub.statistics import store
from kuwei_hub.statistics.domain import By, FigureRow, Question, Sum, Total
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest

DAYS_MAX = 800


class Reading:
    """Answers questions about the figures in force."""

    def figures(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        question: Question,
        page: PageRequest,
    ) -> Page[FigureRow]:
        """Return single figures, by day and jurisdiction.

        Raises:
            KuweiError: ``statistics.period``.
        """
        _check(question)
        return store.figures(session, scope, question, page)

    def sums(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        question: Question,
        by: tuple[By, ...],
    ) -> list[Sum]:
        """Return totals grouped by some dimensions, largest first.

        Raises:
            KuweiError: ``statistics.period``.
        """
        _check(question)
        return store.sums(session, scope, question, by)

    def totals(
        self, session: Session, scope: VisibleJurisdictions, question: Question
    ) -> list[Total]:
        """Return each measure's total, however many jurisdictions there are.

        Raises:
            KuweiError: ``statistics.period``.
        """
        _check(question)
        return store.totals(session, scope, question)


def _check(question: Question) -> None:
    if not 0 <= (question.until - question.since).days <= DAYS_MAX:
        raise KuweiError("statistics.period", f"统计期间须为 0–{DAYS_MAX} 天。")

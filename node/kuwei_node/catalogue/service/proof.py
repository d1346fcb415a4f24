"""Proof before force: every rule's examples come true on this node's own database."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kuwei_shared.catalogue.engines import PostgresEngine
from kuwei_shared.catalogue.trial import Outcome, try_examples
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.faults import ExpressionError
from kuwei_shared.rules.model import Catalogue
from kuwei_shared.rules.printer import Dialect
from kuwei_shared.screening.effective import EffectiveCatalogue

SHOWN_MAX = 5
NO_ROW = "SELECT p.*, p.seq AS as_of FROM payment p WHERE p.seq = 0"


def prove(
    session: Session, catalogue: Catalogue, only: frozenset[str] = frozenset()
) -> int:
    """Run the examples; return how many came true.

    Raises:
        KuweiError: ``catalogue.not_compiled`` or ``catalogue.example_failed``,
            naming rule and example.
    """
    engine = PostgresEngine(session.connection())
    try:
        outcomes = try_examples(catalogue, engine, only)
    except ExpressionError as error:
        raise KuweiError(
            "catalogue.not_compiled", f"规则条件不能编译:{error.message}"
        ) from error
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if failed:
        shown = ";".join(_said(outcome) for outcome in failed[:SHOWN_MAX])
        more = f";共 {len(failed)} 个" if len(failed) > SHOWN_MAX else ""
        raise KuweiError(
            "catalogue.example_failed",
            f"规则示例在本节点数据库上不成立:{shown}{more}。",
            details={"rule": failed[0].rule.id, "failed": len(failed)},
        )
    return len(outcomes)


def plan_only(session: Session, effective: EffectiveCatalogue) -> None:
    """Have PostgreSQL plan the whole statement over this node's tables.

    Raises:
        KuweiError: ``catalogue.sql`` when a table or column is not there, or
            ``expression.*``.
    """
    engine = PostgresEngine(session.connection())
    statement = effective.realtime
    totals = {total: number for number, total in enumerate(statement.totals, 1)}
    for plan in (Plan.ARRIVAL, Plan.CROWD, Plan.LONE, Plan.PROBE):
        sql = statement.sql(Dialect.POSTGRES, NO_ROW, plan, totals)
        engine.rows(f"EXPLAIN {sql}")


def _said(outcome: Outcome) -> str:
    told = outcome.fault or f"应为 {outcome.example.expected},实为“{outcome.letter}”"
    return f"{outcome.rule.id} 例“{outcome.example.case}”{told}"

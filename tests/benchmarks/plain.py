"""The same conditions as an analyst writes them in DuckDB: a boolean column each."""

from __future__ import annotations

from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.compiler import EffectiveRule, Statement
from kuwei_shared.rules.printer import Dialect, Printer, quote


class PlainPrinter(Printer):
    """Terms joined as they come, none of the compiler's care for DuckDB."""

    def _logic(self, node: tree.Logic) -> str:
        return self._joined(node.op, node.terms)


def plainly(statement: Statement) -> str:
    """Return the SELECT of sequence number and one boolean per rule."""
    columns = [
        f'{_condition(statement, one)} AS "{one.rule.id}"' for one in statement.rules
    ]
    return f"SELECT e.seq, {', '.join(columns)} FROM enriched e"


def _condition(statement: Statement, one: EffectiveRule) -> str:
    catalogue, rule = statement.catalogue, one.rule
    printer = PlainPrinter(
        dialect=Dialect.DUCKDB,
        params=one.params,
        lists=catalogue.lists,
        patterns=catalogue.patterns,
    )
    limits = {
        "stage": rule.stages,
        "jurisdiction.level": rule.scope.levels,
        "fund_scope": rule.scope.fund_scopes,
        "pay_type_code": rule.scope.pay_types,
    }
    inside = [
        f'e."{name}" IN ({", ".join(map(quote, codes))})'
        for name, codes in limits.items()
        if codes
    ]
    return " AND ".join([*inside, printer.print(statement.trees[rule.id])])

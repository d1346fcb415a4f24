"""From a bare row to the enriched row a condition reads: derived names and joins.

The enriched row has one column per vocabulary name in use, called by that name.
Reference rows are taken as they were valid on the row's business date and as they
were known when it arrived, so that a replay years later joins the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kuwei_shared.rules.vocabulary import PAYMENT, Derived, Entity, Vocabulary

DERIVATION_SQL: Mapping[str, str] = {
    "month": "CAST(EXTRACT(month FROM {0}) AS integer)",
    "day": "CAST(EXTRACT(day FROM {0}) AS integer)",
    "weekday": "CAST(EXTRACT(isodow FROM {0}) AS integer)",
    "year_month": "CAST(EXTRACT(year FROM {0}) * 100 + EXTRACT(month FROM {0})"
    " AS integer)",
    "days_to_month_end": "CAST(EXTRACT(day FROM date_trunc('month', {0})"
    " + INTERVAL '1 month' - INTERVAL '1 day') - EXTRACT(day FROM {0}) AS integer)",
}


def derived_sql(derived: Derived, row: str) -> str:
    """Return the SQL of a derived name over a row alias."""
    return DERIVATION_SQL[derived.function].format(f"{row}.{derived.source}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How a subject's row reaches vocabulary names.

    Attributes:
        subject: ``payment`` or an entity; its row has alias ``p`` and carries
            ``seq``, ``as_of`` (a sequence number: what was known then), ``vou_date``,
            ``fiscal_year`` and ``stage`` besides its own columns.
    """

    vocabulary: Vocabulary
    subject: str

    def key_sql(self, entity: Entity) -> str:
        """Return the join condition of an entity on the subject's row."""
        tests = [
            f"{entity_alias(entity.name)}.{mine} = {self._source(theirs)}"
            for mine, theirs in entity.keys.items()
        ]
        alias = entity_alias(entity.name)
        tests.append(f"p.vou_date >= {alias}.valid_from")
        tests.append(f"p.vou_date < {alias}.valid_to")
        tests.append(f"p.as_of >= {alias}.known_from")
        tests.append(f"p.as_of < {alias}.known_to")
        return " AND ".join(tests)

    def joins(self, paths: Iterable[str]) -> str:
        """Return the joins needed for the given names, prerequisites first."""
        ordered: dict[str, str] = {}
        for path in paths:
            self._join(path.partition(".")[0], ordered)
        return "\n".join(ordered.values())

    def _join(self, name: str, ordered: dict[str, str]) -> None:
        entity = self.vocabulary.entities.get(name)
        if entity is None or name in ordered or name == self.subject:
            return
        for source in entity.keys.values():
            if "." in source:
                self._join(source.partition(".")[0], ordered)
        ordered[name] = (
            f"LEFT JOIN {entity.table} {entity_alias(name)} ON {self.key_sql(entity)}"
        )

    def sql(self, path: str) -> str:
        """Return the SQL of a non-fact name over the joined rows."""
        return self._source(path)

    def _source(self, path: str) -> str:
        prefix, _, rest = path.partition(".")
        if rest:
            alias = "p" if prefix == self.subject else entity_alias(prefix)
            return f"{alias}.{rest}"
        derived = self.vocabulary.derived.get(path)
        return derived_sql(derived, "p") if derived else f"p.{path}"


def entity_alias(name: str) -> str:
    """Return the alias of an entity's joined row."""
    return f"r_{name}"


def is_payment(subject: str) -> bool:
    """Tell whether a subject is the payment itself."""
    return subject == PAYMENT

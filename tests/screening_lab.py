"""A node's screening on a real database, with rules a test writes itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.orm import Session

from kuwei_node.alerts.service import Alerts
from kuwei_node.brake.domain import BrakeLimits
from kuwei_node.brake.service import Brakes
from kuwei_node.holds.service import Holds
from kuwei_node.payments.service import Ledger
from kuwei_node.screening.service import Screening
from kuwei_shared.catalogue.loading import load
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.identity.principal import Principal, Subject
from kuwei_shared.identity.roles import Role
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.rules.compiler import EffectiveRule
from kuwei_shared.rules.model import (
    Catalogue,
    Param,
    Policy,
    Rule,
    Severity,
    Status,
)
from kuwei_shared.rules.vocabulary import Type
from kuwei_shared.screening.effective import EffectiveCatalogue

CATALOGUE = Path(__file__).parent.parent / "rules-catalog"
COUNTY = "450102000"
REVIEWER = Principal(
    subject=Subject("reviewer"),
    name="复核岗",
    roles=frozenset({Role.REVIEWER}),
    jurisdictions=(COUNTY,),
)


def standard() -> Catalogue:
    """Return the standard catalogue as it stands in the repository."""
    return load(CATALOGUE)


def rule(rule_id: str, when: str, **changes: object) -> Rule:
    """Return a small stable rule that applies everywhere."""
    plain: dict[str, Any] = {
        "id": rule_id,
        "version": 1,
        "title": rule_id,
        "status": Status.STABLE,
        "severity": Severity.YELLOW,
        "warn_type": "volume",
        "basis": (),
        "when": when,
        "on_missing": Policy.PASS,
        "on_error": Policy.PASS,
        "explain": "支付 {pay_amt} 元。",
        "review": "核对。",
    }
    return Rule(**(plain | changes))


def money(name: str, default: str) -> dict[str, Param]:
    """Return one money parameter."""
    param = Param(name=name, type=Type.MONEY, label=name, default=Decimal(default))
    return {name: param}


def effective(
    *rules: Rule, release: str = "test", patterns: Mapping[str, str] | None = None
) -> EffectiveCatalogue:
    """Return an effective catalogue of these rules on the standard vocabulary."""
    base = standard()
    chosen = Catalogue(
        version=release,
        vocabulary=base.vocabulary,
        rules={one.id: one for one in rules},
        lists=base.lists,
        patterns={**base.patterns, **(patterns or {})},
    )
    acting = tuple(
        EffectiveRule(
            rule=one, params={name: p.default for name, p in one.params.items()}
        )
        for one in rules
    )
    return EffectiveCatalogue(release=release, catalogue=chosen, rules=acting)


def payment(payment_id: str, **changes: object) -> dict[str, Any]:
    """Return an ordinary payment request of one budget unit."""
    plain: dict[str, Any] = {
        "payment_id": payment_id,
        "stage": "request",
        "entry_kind": "normal",
        "mof_div_code": COUNTY,
        "fiscal_year": 2026,
        "vou_date": "2026-03-05",
        "agency_code": "101001",
        "bgt_id": "B1",
        "payee_acct_no": "6222",
        "dep_bgt_eco_code": "30201",
        "use_des": "办公用品",
        "pay_amt": "100.00",
    }
    return plain | changes


@dataclass
class FixedCatalogues:
    """The Catalogues port over catalogues a test sets."""

    now: EffectiveCatalogue
    seen: dict[str, EffectiveCatalogue] = field(default_factory=dict)
    moves: int = 0

    def current(self, session: Session) -> EffectiveCatalogue:
        del session
        self.seen[self.now.release] = self.now
        return self.now

    def moved(self, session: Session) -> None:
        del session
        self.moves += 1

    def rebuilt(
        self,
        session: Session,
        release: str,
        tuning: Mapping[str, Mapping[str, str]],
        at: dt.datetime,
    ) -> EffectiveCatalogue:
        del session, tuning, at
        return self.seen[release]


class ScreeningLab:
    """One node's screening, wired as in production but for the catalogue's source."""

    def __init__(self, engine: Engine, catalogue: EffectiveCatalogue) -> None:
        self.clock = SetClock()
        self.unit_of_work = UnitOfWork(engine)
        self.catalogues = FixedCatalogues(catalogue)
        aside = UnitOfWork(create_engine(engine.url, poolclass=NullPool))
        self.ledger = Ledger(self.clock, aside)
        self.holds = Holds(self.clock, self.ledger)
        self.brakes = Brakes(
            self.clock,
            BrakeLimits(window=20, least=5),
            moved=self.catalogues.moved,
        )
        self.screening = Screening(
            clock=self.clock,
            aside=aside,
            catalogues=self.catalogues,
            ledger=self.ledger,
            alerts=Alerts(self.clock),
            holds=self.holds,
            brakes=self.brakes,
        )

    @contextmanager
    def begin(self) -> Iterator[Session]:
        with self.unit_of_work.begin() as session:
            yield session

    def screen(self, *rows: dict[str, Any]) -> list[str]:  # Any: payment fields
        """Screen payments in a transaction of their own; return the decisions."""
        with self.begin() as session:
            return [one.decision for one in self.screening.screen(session, rows)]

    def appropriate(self, bgt_id: str, amount: str) -> None:
        """Give the county an appropriation."""
        with self.begin() as session:
            session.execute(
                text(
                    "INSERT INTO appropriation (bgt_id, agency_code, mof_div_code,"
                    " fiscal_year, amount) VALUES (:b, '101001', :c, 2026, :a)"
                ),
                {"b": bgt_id, "c": COUNTY, "a": Decimal(amount)},
            )

    def count(self, table: str) -> int:
        """Return the rows of a table."""
        with self.begin() as session:
            found = session.execute(text(f"SELECT count(*) FROM {table}"))  # noqa: S608  # a table's name
            return int(found.scalar_one())

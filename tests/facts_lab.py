"""Payments and rules that put every fact of the vocabulary to the test."""

from __future__ import annotations

from typing import Any

import numpy as np
from screening_lab import effective, payment, rule, standard

from kuwei_shared.screening.effective import EffectiveCatalogue


class Draw:
    """Seeded choices, so that a failure repeats."""

    def __init__(self, seed: int) -> None:
        self.numbers = np.random.default_rng(seed)

    def below(self, end: int) -> int:
        return int(self.numbers.integers(end))

    def one_of(self, options: list[Any]) -> Any:  # noqa: ANN401  # whatever is offered
        return options[self.below(len(options))]


def year_of_payments(number: int, seed: int) -> list[dict[str, Any]]:
    """Return payments that share keys often, in order of date."""
    draw = Draw(seed)
    rows = []
    for at in range(number):
        unit = draw.below(4)
        day = at * 360 // number
        rows.append(
            payment(
                f"p{at}",
                stage=draw.one_of(["request", "voucher", "voucher"]),
                vou_date=f"2026-{day // 30 + 1:02d}-{min(day % 30 + 1, 28):02d}",
                agency_code=f"A{unit}",
                bgt_id=draw.one_of([None, f"b{unit}"]),
                payee_acct_no=draw.one_of([None, "x", "y"]),
                dep_bgt_eco_code=draw.one_of([None, "30201", "30217"]),
                set_mode_code=draw.one_of(["1", "4"]),
                pro_code=draw.one_of([None, "P1", "P2"]),
                contract_no=draw.one_of([None, "C1"]),
                invoice_no=draw.one_of([None, "i1", "i2", f"i{at}"]),
                card_no=draw.one_of([None, "k1"]),
                merchant_name="超市",
                pay_amt=str(draw.one_of([100, 250, 999, -50])),
                entry_kind=draw.one_of(["normal", "normal", "refund"]),
            )
        )
    return rows


def fact_rules() -> EffectiveCatalogue:
    """Return rules that compare each fact of the vocabulary with a few values."""
    facts = standard().vocabulary.facts.values()
    realtime = [fact for fact in facts if fact.is_realtime]
    return effective(
        *(
            rule(f"F{place:02d}{side}", f"fact.{fact.name} {test}")
            for place, fact in enumerate(realtime)
            for side, test in enumerate(
                ("> 0", "> 1", "> 200", "> 1000", "> 5000", "= 0")
            )
        )
    )

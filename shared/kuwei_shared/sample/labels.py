"""What was done wrong on purpose: one label per rule that must hit."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """A hit the catalogue owes us.

    Attributes:
        subject: payment, or the entity a scheduled rule looks at.
        key: payment id, or the subject's key columns joined by ``|``.
        rule_id: which rule must hit.
        stage: request, voucher or receipt for payments; day_end or month_end.
        mof_div_code: jurisdiction it happens in.
        date: business date from which the hit is due.
    """

    subject: str
    key: str
    rule_id: str
    stage: str
    mof_div_code: str
    date: dt.date

    def row(self) -> dict[str, object]:
        """Return the label as a row of labels.parquet."""
        return {
            "subject": self.subject,
            "key": self.key,
            "rule_id": self.rule_id,
            "stage": self.stage,
            "mof_div_code": self.mof_div_code,
            "date": self.date,
        }

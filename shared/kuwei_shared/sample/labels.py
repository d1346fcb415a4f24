"""What meets a rule's source: one label per hit the catalogue owes us."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """How a payment came to meet the source of a rule.

    PLANTED breaks the rule plainly; DISGUISED does too, but in words, names or
    with blanks the rule may not see through; ORDINARY was drawn like any other.
    """

    PLANTED = "planted"
    DISGUISED = "disguised"
    ORDINARY = "ordinary"


@dataclass(frozen=True, slots=True)
class Label:
    """A hit the catalogue owes us, because the payment is what the source names.

    Attributes:
        subject: payment, or the entity a scheduled rule looks at.
        key: payment id, or the subject's key columns joined by ``|``.
        rule_id: which rule must hit.
        stage: request, voucher or receipt for payments; day_end or month_end.
        mof_div_code: jurisdiction it happens in.
        date: business date from which the hit is due.
        origin: how it came about.
    """

    subject: str
    key: str
    rule_id: str
    stage: str
    mof_div_code: str
    date: dt.date
    origin: Origin = Origin.PLANTED

    @property
    def hit(self) -> tuple[str, str, str, str]:
        """What tells the hit from others: rule, subject, key, stage or date."""
        moment = self.stage if self.subject == "payment" else f"{self.date}"
        return self.rule_id, self.subject, self.key, moment

    def row(self) -> dict[str, object]:
        """Return the label as a row of labels.parquet."""
        return {
            "subject": self.subject,
            "key": self.key,
            "rule_id": self.rule_id,
            "stage": self.stage,
            "mof_div_code": self.mof_div_code,
            "date": self.date,
            "origin": self.origin.value,
        }

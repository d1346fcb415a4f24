"""What a payment can be at all, whichever way it comes: by interface or in a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from kuwei_shared.rules.vocabulary import Field, Type

CODE_CHARS_MAX, TEXT_CHARS_MAX = 64, 400
NUMBERS = frozenset(
    {
        "payment_id",
        "orig_payment_id",
        "pay_app_no",
        "pay_cert_no",
        "agent_business_no",
        "check_no",
    }
)
"""Texts of the vocabulary that name something, so they are no longer than codes."""
FIRST_DAY, END_DAY = dt.date(1990, 1, 1), dt.date(2100, 1, 1)
"""Days a payment can bear: from the first to the day before the end."""
YEARS_APART_MAX = 1
"""How far a budget year may lie from the year of the business date."""
COUNT_MAX = 1_000_000
CENTS_LOST_FROM, DIGITS_LOST_FROM = 1e13, 1e15
"""From here on a binary number with cents, or any, may have more than 15 digits."""
RESERVED = "撤销:"
"""Begins the ids of reversals a node makes itself; nobody else may send them."""
SIGNS: Mapping[str, int] = {"normal": 1, "refund": -1, "reversal": -1}
"""Kind of entry → sign its amount has unless it is zero; others may have either."""


def chars_max(field: Field) -> int:
    """Return how many characters a text or a code may have."""
    short = field.type is Type.CODE or field.name in NUMBERS
    return CODE_CHARS_MAX if short else TEXT_CHARS_MAX

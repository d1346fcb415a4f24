"""Which payments of a request must be judged anew when one counts no more."""

from __future__ import annotations

import pytest

from kuwei_node.screening.domain import Row, linked

KEYS = ("agency_code", "bgt_id", "pro_code")
ROWS: dict[int, Row] = {
    1: {"agency_code": "A", "bgt_id": "a1"},
    2: {"agency_code": "A", "bgt_id": "a2", "pro_code": "P"},
    3: {"agency_code": "B", "pro_code": "P"},
    4: {"agency_code": "C", "bgt_id": "c"},
    5: {"agency_code": "B"},
    6: {"agency_code": "D", "bgt_id": None},
    7: {"agency_code": "E", "bgt_id": None},
}


@pytest.mark.parametrize(
    ("some", "found"),
    [
        ([1], [1, 2, 3, 5]),
        ([5], [1, 2, 3, 5]),
        ([4], [4]),
        ([6], [6]),
        ([4, 7], [4, 7]),
        ([], []),
    ],
)
def test_payments_are_linked_through_keys_and_other_payments(
    some: list[int], found: list[int]
) -> None:
    assert linked(ROWS, some, KEYS) == found

"""Which payments of a request are judged together."""

from kuwei_node.screening.domain import Row, rounds


def row(payment_id: str, stage: str) -> Row:
    return {"payment_id": payment_id, "stage": stage}


def test_payments_of_one_stage_each_are_judged_together() -> None:
    rows = [row("a", "voucher"), row("b", "request")]

    assert rounds(rows) == [rows]


def test_a_voucher_waits_for_its_request() -> None:
    voucher, request = row("a", "voucher"), row("a", "request")
    other = row("b", "voucher")

    assert rounds([voucher, request, other]) == [[request], [voucher, other]]


def test_nothing_new_is_no_round() -> None:
    assert rounds([]) == []

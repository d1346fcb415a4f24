import json
from decimal import Decimal

import pytest

from kuwei_shared.web.charts import POINTS_MAX, Chart, Series


def chart(*values: Decimal | int | None) -> Chart:
    return Chart(
        title="各月",
        categories=[f"{n}月" for n in range(1, len(values) + 1)],
        unit="元",
        series=(Series(name="金额", values=values),),
    )


def test_a_chart_is_json_for_the_browser() -> None:
    data = json.loads(chart(Decimal("1.5"), None).data)

    assert data["series"][0]["values"] == [1.5, None]
    assert data["categories"] == ["1月", "2月"]


def test_a_chart_is_a_table_for_those_who_cannot_see_it() -> None:
    assert chart(1, None).rows == [("1月", [1]), ("2月", [None])]


def test_a_chart_of_nothing_says_so() -> None:
    assert chart(0, None).is_empty
    assert not chart(0, 3).is_empty


def test_a_chart_has_a_bounded_number_of_points() -> None:
    with pytest.raises(ValueError, match="各月"):
        chart(*range(POINTS_MAX + 1))

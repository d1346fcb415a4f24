"""A tree of any size is shown a level at a time."""

import province_lab
import pytest

from kuwei_hub.territory.domain import (
    Jurisdiction,
    Level,
    Outline,
    Unfolding,
    outline,
)
from kuwei_shared.kernel.pages import PAGE_SIZE

PROVINCE = province_lab.jurisdictions()


def many(parent: str, count: int) -> list[Jurisdiction]:
    """Return jurisdictions of one parent, as a province with too many."""
    return [
        Jurisdiction(
            mof_div_code=f"46{n:04}000",
            name=f"区划{n}",
            level=Level.COUNTY,
            fiscal_parent=parent,
            administrative_parent=parent,
            opened_on=PROVINCE[0].opened_on,
        )
        for n in range(count)
    ]


def names(found: Outline) -> list[str]:
    return [row.jurisdiction.name for row in found.rows]


def test_a_single_root_is_open_and_the_rest_is_closed() -> None:
    found = outline(PROVINCE, Unfolding())

    assert names(found) == ["广西壮族自治区本级", "南宁市本级", "横州市", "桂林市本级"]
    assert [row.depth for row in found.rows] == [0, 1, 1, 1]
    assert [row.children for row in found.rows] == [3, 1, 0, 1]
    assert found.rows[0].is_top


def test_an_opened_row_is_followed_by_its_children() -> None:
    opened = frozenset({province_lab.NANNING, province_lab.XINGNING})

    found = outline(PROVINCE, Unfolding(opened=opened))

    assert names(found)[1:5] == ["南宁市本级", "兴宁区", "三塘镇", "五塘镇"]
    assert [row.depth for row in found.rows][1:5] == [1, 2, 3, 3]


def test_a_closed_parent_hides_what_is_open_below_it() -> None:
    opened = frozenset({province_lab.XINGNING})

    assert "三塘镇" not in names(outline(PROVINCE, Unfolding(opened=opened)))


def test_a_tree_starts_where_it_is_asked_to() -> None:
    found = outline(PROVINCE, Unfolding(below=province_lab.XINGNING))

    assert names(found) == ["兴宁区", "三塘镇", "五塘镇"]


def test_several_roots_are_paged_themselves() -> None:
    roots = many("450000000", PAGE_SIZE + 3)

    found = outline(roots, Unfolding(number=2))

    assert [row.depth for row in found.rows] == [0, 0, 0]
    assert found.page.last == 2


@pytest.mark.parametrize(("number", "shown"), [(1, PAGE_SIZE), (2, 7), (3, 0)])
def test_the_children_of_the_root_are_paged(number: int, shown: int) -> None:
    crowd = [PROVINCE[0], *many("450000000", PAGE_SIZE + 7)]

    found = outline(crowd, Unfolding(number=number))

    assert len(found.rows) == 1 + shown
    assert found.page.total == PAGE_SIZE + 7


def test_an_opened_row_lists_a_page_and_says_how_many_are_left() -> None:
    crowd = [*PROVINCE, *many(province_lab.NANNING, PAGE_SIZE + 7)]

    found = outline(crowd, Unfolding(opened=frozenset({province_lab.NANNING})))

    nanning = next(r for r in found.rows if r.jurisdiction.name == "南宁市本级")
    assert nanning.unlisted == 8
    assert sum(row.depth == 2 for row in found.rows) == PAGE_SIZE


def test_what_is_under_a_city_excludes_province_managed_counties() -> None:
    found = outline(PROVINCE, Unfolding(below=province_lab.NANNING)).whole

    assert found == ["450100000", "450102000", "450102101", "450102102"]

import pytest

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import Page
from kuwei_shared.web.tables import Column, Filter, Layout, Table

LAYOUT = Layout(
    name="things",
    title="事项",
    path="/things",
    columns=(Column(name="name", label="名称", is_sortable=True),),
    filters=(Filter(name="words", label="名称"),),
    default_sort="name",
)


def table(**query: str) -> Table[str]:
    ask = LAYOUT.ask(query)
    return Table(
        layout=LAYOUT, ask=ask, page=Page(rows=["a"], total=500, request=ask.page)
    )


def test_a_plain_address_asks_for_the_first_page() -> None:
    ask = LAYOUT.ask({})

    assert (ask.page.number, ask.page.size, ask.page.sort) == (1, 50, "name")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"page": "-1"}, "table.bad_number"),
        ({"page": "1e9"}, "table.bad_number"),
        ({"page": "99999999"}, "table.bad_number"),
        ({"page": "0"}, "page.out_of_range"),
        ({"size": "501"}, "page.out_of_range"),
        ({"sort": "secret"}, "table.bad_sort"),
    ],
)
def test_what_no_link_of_ours_asks_is_refused(query: dict[str, str], code: str) -> None:
    with pytest.raises(KuweiError) as refusal:
        LAYOUT.ask(query)

    assert refusal.value.code == code


def test_unknown_and_empty_filters_are_left_out() -> None:
    ask = LAYOUT.ask({"words": "  ", "evil": "1"})

    assert dict(ask.filters) == {}
    assert ask.get("words") is None


def test_links_keep_filters_and_drop_defaults() -> None:
    assert (
        table(words="南宁", page="3").link(page=4)
        == "/things?words=%E5%8D%97%E5%AE%81&page=4"
    )
    assert table().link() == "/things"


def test_a_heading_sorts_up_then_down() -> None:
    column = LAYOUT.columns[0]

    assert table(sort="-name").order(column) == "descending"
    assert table().order(column) == "ascending"
    assert table().sort_link(column) == "/things?sort=-name"


def test_an_export_keeps_filters_and_order_but_no_page() -> None:
    link = table(words="x", sort="-name", page="3", size="20").export_link("csv")

    assert link == "/things/export.csv?words=x&sort=-name"


def test_rows_are_numbered() -> None:
    shown = table(page="3")

    assert (shown.first_row, shown.last_row) == (101, 101)
    assert not shown.is_filtered

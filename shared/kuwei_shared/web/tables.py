"""What a table asks for and shows: page, order, filters, export.

A route turns the query string into a TableAsk, a service answers with a Page,
and ``web/macros/tables.html`` shows a Table. Sorting and filtering are links
and forms, so they work without JavaScript and can be bookmarked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Generic, TypeVar
from urllib.parse import urlencode

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import PAGE_SIZE, Page, PageRequest

SIZES = (20, 50, 100, 200)
FILTER_LENGTH_MAX = 100
AMOUNT_DIGITS = 20
"""Before and after the point; beyond them no database column compares."""

UNREAD = "查询条件有误,没有查询;请按上面的提示改正后再查。"
BEYOND = "这一页没有行:页码超过了最后一页,请回到首页。"

FAULTS = frozenset(
    {"table.bad_filter", "table.bad_sort", "table.bad_number", "page.out_of_range"}
)
"""What a table says itself; any other refusal is a page of its own."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        name: the store's sort name and the export's attribute.
        label: Chinese heading.
        is_sortable: whether the store accepts ``sort=name``.
        is_figure: right-aligned with tabular digits.
        words: code → Chinese, for columns that hold codes; a file says these too.
        is_filed_only: what a file has a column of its own for, and the page shows
            beside something else or not at all.
    """

    name: str
    label: str
    is_sortable: bool = False
    is_figure: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    is_filed_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One filter; a choice when it has options, otherwise a search box.

    Attributes:
        is_open: links may ask for more than the choices there are today, such as a
            rule that has left the catalogue.
    """

    name: str
    label: str
    options: Mapping[str, str] = field(default_factory=dict)
    kind: str = "search"
    is_open: bool = False

    def require_choice(self, value: str) -> None:
        """Refuse a value that is none of the choices.

        Raises:
            KuweiError: ``table.bad_filter``.
        """
        if self.options and not self.is_open and value not in self.options:
            raise _bad_filter(f"“{self.label}”没有“{value}”这一项,请从列表中选择。")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableAsk:
    """A checked request for one page of a table."""

    page: PageRequest
    filters: Mapping[str, str]

    def get(self, name: str) -> str | None:
        """Return a filter's value, None when it is not set."""
        return self.filters.get(name)

    def day(self, name: str) -> dt.date | None:
        """Return a filter as a date.

        Raises:
            KuweiError: ``table.bad_filter``.
        """
        text = self.get(name)
        try:
            return None if text is None else dt.date.fromisoformat(text)
        except ValueError as error:
            raise _bad_filter(
                f"“{text}”不是日期,请按 2026-03-05 的写法填写。"
            ) from error

    def amount(self, name: str) -> Decimal | None:
        """Return a filter as an amount in yuan; separators are allowed.

        Raises:
            KuweiError: ``table.bad_filter``.
        """
        text = self.get(name)
        try:
            amount = None if text is None else Decimal(text.replace(",", ""))
        except InvalidOperation as error:
            raise _bad_filter(f"“{text}”不是金额,请填写数字,单位为元。") from error
        if amount is not None and not _is_plain(amount):
            raise _bad_filter(f"“{text}”不是金额,请填写数字,单位为元。")
        return amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What one table looks like, fixed in its feature's routes.

    Attributes:
        name: unique on its page; the element is ``table-<name>``.
        title: caption, read out by screen readers.
        path: where its links lead.
        columns: left to right.
        filters: above the table.
        default_sort: as in PageRequest.
        empty: what is said when no row matches, with the remedy.
        can_export: whether ``path/export.csv`` and ``.xlsx`` exist.
    """

    name: str
    title: str
    path: str
    columns: Sequence[Column]
    filters: Sequence[Filter] = ()
    default_sort: str | None = None
    empty: str = "没有符合条件的记录。"
    can_export: bool = False

    def ask(self, query: Mapping[str, str]) -> TableAsk:
        """Check a query string.

        Raises:
            KuweiError: ``page.out_of_range``, ``table.bad_number``,
                ``table.bad_sort`` or ``table.bad_filter``.
        """
        if any("\0" in value for value in query.values()):
            raise _bad_filter("查询条件含有无法识别的字符,请重新填写。")
        filters = self._given(query)
        for one in self.filters:
            if one.name in filters:
                one.require_choice(filters[one.name])
        return TableAsk(
            page=PageRequest(
                number=_number(query, "page", 1),
                size=_number(query, "size", PAGE_SIZE),
                sort=self._sort(query.get("sort")),
            ),
            filters=filters,
        )

    def table(
        self, query: Mapping[str, str], read: Callable[[TableAsk], Page[T]]
    ) -> Table[T]:
        """Return the table a query string asks for.

        What cannot be read becomes a table without rows that says why and keeps what
        was filled in, so that it can be mended where it stands.
        """
        try:
            ask = self.ask(query)
            return Table(layout=self, ask=ask, page=read(ask))
        except KuweiError as error:
            if error.code not in FAULTS:
                raise
            plain = PageRequest(sort=self.default_sort)
            ask = TableAsk(page=plain, filters=self._given(query))
            none: Page[T] = Page(rows=[], total=0, request=plain)
            return Table(layout=self, ask=ask, page=none, fault=error)

    def _given(self, query: Mapping[str, str]) -> dict[str, str]:
        """Return the filters that are set."""
        names = {f.name for f in self.filters}
        return {
            name: value.replace("\0", "").strip()[:FILTER_LENGTH_MAX]
            for name, value in query.items()
            if name in names and value.strip()
        }

    @property
    def shown(self) -> list[Column]:
        """The columns of the page."""
        return [column for column in self.columns if not column.is_filed_only]

    def conditions(self, ask: TableAsk) -> str:
        """Return what a request narrows the table to, in words."""
        said = [
            f"{one.label} {one.options.get(value, value)}"
            for one in self.filters
            if (value := ask.get(one.name)) is not None
        ]
        return ";".join(said) or "无"

    def order(self, ask: TableAsk) -> str:
        """Return in which order a request reads the table, in words."""
        sort = ask.page.sort or ""
        name = sort.removeprefix("-")
        label = next((c.label for c in self.columns if c.name == name), "默认")
        return f"{label}降序" if sort.startswith("-") else label

    def _sort(self, asked: str | None) -> str | None:
        if not asked:
            return self.default_sort
        known = {c.name for c in self.columns if c.is_sortable}
        if asked.removeprefix("-") not in known:
            raise KuweiError("table.bad_sort", "不支持按该列排序,请从表头点击排序。")
        return asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[T]):
    """A table ready to show.

    Attributes:
        fault: why there was nothing to read, None where the request made sense.
    """

    layout: Layout
    ask: TableAsk
    page: Page[T]
    fault: KuweiError | None = None

    def link(self, **changes: str | int | None) -> str:
        """Return the table's address with some parameters changed."""
        return f"{self.layout.path}{self._query(changes)}"

    def export_link(self, form: str) -> str:
        """Return the address of an export of what is shown, all pages."""
        base = f"{self.layout.path.rstrip('/')}/export.{form}"
        return f"{base}{self._query({'page': None, 'size': None})}"

    def sort_link(self, column: Column) -> str:
        """Return the link of a heading: ascending first, then descending."""
        now = self.ask.page.sort
        return self.link(
            sort=f"-{column.name}" if now == column.name else column.name, page=None
        )

    def order(self, column: Column) -> str | None:
        """Return ``ascending``, ``descending`` or None, as ``aria-sort`` says."""
        now = self.ask.page.sort or ""
        if now.removeprefix("-") != column.name:
            return None
        return "descending" if now.startswith("-") else "ascending"

    @property
    def size(self) -> int:
        """Rows of a page where none is asked for."""
        return PAGE_SIZE

    @property
    def first_row(self) -> int:
        """Number of the first row shown, 0 when there is none."""
        return self.ask.page.offset + 1 if self.page.rows else 0

    @property
    def last_row(self) -> int:
        """Number of the last row shown, 0 when there is none."""
        return self.ask.page.offset + len(self.page.rows) if self.page.rows else 0

    @property
    def number_before(self) -> int:
        """Number of the page before this one that has rows."""
        return max(1, min(self.ask.page.number - 1, self.page.last))

    @property
    def empty(self) -> str:
        """What is said when no row is shown, with the remedy."""
        if self.fault is not None:
            return UNREAD
        return BEYOND if self.page.total else self.layout.empty

    @property
    def is_filtered(self) -> bool:
        """Whether any filter is set."""
        return bool(self.ask.filters)

    def _query(self, changes: Mapping[str, str | int | None]) -> str:
        request = self.ask.page
        size = None if request.size == PAGE_SIZE else request.size
        sort = None if request.sort == self.layout.default_sort else request.sort
        page = None if request.number == 1 else request.number
        whole = {
            **self.ask.filters,
            "sort": sort,
            "size": size,
            "page": page,
            **changes,
        }
        kept = {k: v for k, v in whole.items() if v is not None}
        return f"?{urlencode(kept)}" if kept else ""


def _is_plain(amount: Decimal) -> bool:
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int):  # NaN and infinities have a letter there
        return False
    return exponent >= -AMOUNT_DIGITS and amount.adjusted() < AMOUNT_DIGITS


def _bad_filter(message: str) -> KuweiError:
    return KuweiError("table.bad_filter", message)


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name) or str(default)
    if not text.isdecimal() or len(text) > 7:  # noqa: PLR2004  # ten million pages
        raise KuweiError("table.bad_number", "页码与每页行数须为正整数。")
    return int(text)

"""Reading a table of a page as a person does: headings, rows, the line below."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

_TAG = re.compile(r"<[^>]+>")
_AGE = re.compile(r"刚刚|\d+ (天|小时|分钟)前")
_LINE = re.compile(r"第 ([\d,]+)–([\d,]+) 行，共 ([\d,]+) 行")

Read = Callable[[str], str]
"""Opens an address as somebody and returns the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page shows of a table.

    Attributes:
        headings: label of each column, left to right.
        sorts: sort name → label, of the headings that are links.
        rows: cells of each row; how long ago something was is left out.
        first, last, total: as the line below the table says.
        links: addresses of the other pages by what they are called.
    """

    headings: list[str]
    sorts: dict[str, str]
    rows: list[tuple[str, ...]]
    first: int
    last: int
    total: int
    links: dict[str, str]
    page: str

    def column(self, label: str) -> list[str]:
        """Return one column's cells."""
        place = self.headings.index(label)
        return [row[place] for row in self.rows]


def shown(page: str) -> Shown:
    """Read the first listed table of a page."""
    part = page[page.index('<section class="table"') :]
    heads = re.findall(r"<th\b.*?</th>", part, re.DOTALL)
    found = _LINE.search(part)
    assert found is not None
    sorts = {
        name[1]: _plain(head)
        for head in heads
        if (name := re.search(r"[?&;]sort=-?(\w+)", head))
    }
    first, last, total = (int(one.replace(",", "")) for one in found.groups())
    return Shown(
        headings=[_plain(head) for head in heads],
        sorts=sorts,
        rows=_rows(part),
        first=first,
        last=last,
        total=total,
        links=_links(part),
        page=part,
    )


def _rows(part: str) -> list[tuple[str, ...]]:
    body = part[part.index("<tbody") : part.index("</tbody>")]
    return [
        tuple(_plain(cell) for cell in re.findall(r"<td\b.*?</td>", row, re.DOTALL))
        for row in re.findall(r"<tr>.*?</tr>", body, re.DOTALL)
    ]


def _links(part: str) -> dict[str, str]:
    pager = part[part.index('class="pager"') :]
    found = re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', pager)
    return {said.strip(): html.unescape(address) for address, said in found}


def _plain(markup: str) -> str:
    """Return the words of some markup, without what only shows the order."""
    words = html.unescape(_TAG.sub(" ", markup))
    return " ".join(_AGE.sub("", re.sub("[▲▼↕]", "", words)).split())

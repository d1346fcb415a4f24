"""Paging: every list a person or a machine reads has a bounded size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from kuwei_shared.kernel.errors import KuweiError

PAGE_SIZE = 50
PAGE_SIZE_MAX = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Which page, how big, in which order.

    ``sort`` is a column name, ``-name`` for descending; a store accepts only
    the names it lists.
    """

    number: int = 1
    size: int = PAGE_SIZE
    sort: str | None = None

    def __post_init__(self) -> None:
        if self.number < 1 or not 1 <= self.size <= PAGE_SIZE_MAX:
            raise KuweiError(
                "page.out_of_range", f"页码须从 1 起,每页 1–{PAGE_SIZE_MAX} 行。"
            )

    @property
    def offset(self) -> int:
        """Rows to skip."""
        return (self.number - 1) * self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a longer list, and how long the list is."""

    rows: Sequence[T]
    total: int
    request: PageRequest

    @property
    def last(self) -> int:
        """Number of the last page, at least 1."""
        return max(1, -(-self.total // self.request.size))

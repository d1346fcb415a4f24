"""An import as work: its files, and the mapped batches on their way to be stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa

from kuwei_node.intake.domain.mapping import Mapped
from kuwei_node.intake.domain.meeting import Met
from kuwei_node.intake.domain.profile import Profile
from kuwei_node.intake.domain.progress import Entry
from kuwei_shared.rules.vocabulary import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A mapped batch of a file, on its way to be stored."""

    file: Entry
    batch_no: int
    mapped: Mapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """An import ready to be run: its files, which batches are stored, what it met."""

    import_id: int
    profile: Profile
    fields: Mapping[str, Field]
    divisions: tuple[str, ...]
    files: tuple[Entry, ...]
    stored: Mapping[int, Collection[int]]
    met: Met


Share = Mapping[int, pa.Table]
"""Number in the ledger of batches → the rows of that batch which are in this share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A group of batches nobody else stores.

    Attributes:
        batches: number in the ledger of batches → batch.
        shares: one, or two whose payments have no unit in common.
    """

    batches: Mapping[int, Part]
    shares: tuple[Share, ...]

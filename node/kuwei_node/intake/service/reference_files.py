"""Reference data from files: any layout, columns by field name or Chinese label."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy.orm import Session

from kuwei_node.intake.domain.mapping import Mapper
from kuwei_node.intake.domain.profile import Profile
from kuwei_node.intake.domain.progress import Handed
from kuwei_node.intake.domain.rows import BATCH_ROWS, Opener, Words
from kuwei_node.reference.domain import ALWAYS_FROM, Loaded, fields_of, require
from kuwei_node.reference.service import Delivery, ReferenceService, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFile:
    """A file of reference rows.

    Attributes:
        entity: table the rows are for.
        division: bureau of rows that name none.
        valid_from: start of validity of rows that state none.
        hands_over: rows may take over a code another division uses.
    """

    entity: str
    file: Handed
    division: str
    by: str
    valid_from: dt.date = ALWAYS_FROM
    hands_over: bool = False


class ReferenceFiles:
    """Loads files of reference data at one node."""

    def __init__(
        self, *, words: Words, reference: ReferenceService, open_file: Opener
    ) -> None:
        """Put it together: the vocabulary, where rows go, how files are opened."""
        self._words = words
        self._reference = reference
        self._open_file = open_file

    def load(self, session: Session, given: ReferenceFile) -> Loaded:
        """Load one file; what it changes counts from the next payment on.

        Raises:
            KuweiError: ``reference.unknown``, ``intake.unreadable``,
                ``intake.columns``.
        """
        entity = require(given.entity)
        fields = fields_of(self._words(session), entity)
        profile = Profile(id=entity, title=entity, identity=True)
        source = self._open_file(given.file.path, given.file.name, profile.reader)
        mapper = Mapper(profile, fields, place=source.place, divisions=None)

        def batches() -> Iterator[tuple[pa.Table, Sequence[Refused]]]:
            for chunk in source.chunks(BATCH_ROWS):
                mapped = mapper.map(chunk)
                yield (
                    mapped.table,
                    [
                        Refused(
                            line=one.line,
                            raw=one.raw,
                            reason=one.reason.value,
                            field=one.field,
                        )
                        for one in mapped.broken
                    ],
                )

        return self._reference.load(
            session,
            Delivery(
                entity=entity,
                source=given.file.name,
                batches=batches(),
                by=given.by,
                mof_div_code=given.division,
                valid_from=given.valid_from,
                hands_over=given.hands_over,
            ),
        )

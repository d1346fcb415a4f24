"""Every query of an audit table; hub and node hand in their own.

Entries describe staff, not jurisdictions, so reads take no scope: the permission
to see the log is the guard, and it is the auditor's alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.orm import Session

from kuwei_shared.audit.chain import GENESIS, Details, Entry, first_fault
from kuwei_shared.audit.table import ABOUT_MAX, ACT_MAX, AuditColumns
from kuwei_shared.identity.principal import Principal
from kuwei_shared.kernel.clock import CHINA
from kuwei_shared.kernel.pages import Page, PageRequest

#: Serialises appends of one database; the number is only a name.
_LOCK = 0x6B757741
BATCH = 1_000
LAST_DAY = dt.date(9999, 12, 30)
_NAMES = text(
    "SELECT w.who, n.actor_name FROM unnest(CAST(:asked AS text[])) AS w(who)"
    " CROSS JOIN LATERAL (SELECT a.actor_name FROM audit_entry a"
    " WHERE a.actor = w.who ORDER BY a.seq DESC LIMIT 1) n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What comparing the stored entries with their digests came to.

    Attributes:
        first: number of the first entry compared.
        last: of the last one; 0 when the log is empty.
        fault: the entry at which the chain breaks; None when it is whole.
        digest: of the last entry; who noted it elsewhere can prove the whole log.
    """

    first: int
    last: int
    fault: int | None
    digest: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSearch:
    """What an auditor asks for; None means any.

    Attributes:
        actor: part of a name, or a whole subject.
        act: the verb.
        about: part of what it was done to.
        since: first day, as Beijing counts days.
        until: last day.
        upto: highest number: entries written later are left out.
    """

    actor: str | None = None
    act: str | None = None
    about: str | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    upto: int | None = None


@dataclass(frozen=True, slots=True)
class AuditLedger:
    """The audit log of one service, over its own table."""

    table: type[AuditColumns]

    def append(
        self,
        session: Session,
        principal: Principal,
        *,
        at: dt.datetime,
        act: str,
        about: str,
        details: Details,
    ) -> Entry:
        """Write one act, in the transaction of the act itself."""
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        last = session.scalar(self._newest().limit(1))
        entry = Entry(
            seq=1 if last is None else last.seq + 1,
            at=at,
            actor=principal.subject,
            actor_name=principal.name,
            act=act[:ACT_MAX],
            about=about[:ABOUT_MAX],
            details=dict(details),
            previous=GENESIS if last is None else last.digest,
        )
        session.add(self._row(entry))
        session.flush()  # the next append in this transaction links to this one
        return entry

    def page(
        self, session: Session, search: AuditSearch, request: PageRequest
    ) -> Page[Entry]:
        """Return entries, newest first unless asked for the oldest."""
        where = self._where(search)
        query = select(self.table).where(*where)
        first = self.table.seq.asc() if request.sort == "seq" else self.table.seq.desc()
        rows = session.scalars(
            query.order_by(first).offset(request.offset).limit(request.size)
        )
        total = session.scalar(
            select(func.count()).select_from(self.table).where(*where)
        )
        return Page(
            rows=[_entry(row) for row in rows], total=total or 0, request=request
        )

    def newest(self, session: Session) -> int:
        """Return the number of the newest entry, 0 when there is none.

        Numbers are given one after another, so whoever reads up to this one finds the
        same entries again, whatever is written meanwhile.
        """
        return session.scalar(select(func.max(self.table.seq))) or 0

    def names(self, session: Session, subjects: Iterable[str | None]) -> dict[str, str]:
        """Return subject → name as last written; who never acted is left out.

        Tables keep who decided as the issuer's stable identifier, which says nothing
        to a reader; every decision stands here with the name.
        """
        asked = sorted({one for one in subjects if one})
        rows = session.execute(_NAMES, {"asked": asked}) if asked else ()
        return {row[0]: row[1] for row in rows}

    def check(self, session: Session, *, most: int | None = None) -> Checked:
        """Return whether the stored chain is whole, and over which entries.

        Args:
            session: the open transaction.
            most: check this many newest entries only; None checks all.
        """
        newest = self.newest(session)
        first = 1 if most is None else max(1, newest - most + 1)
        before = session.scalar(
            select(self.table.digest).where(self.table.seq == first - 1)
        )
        entries = self._from(session, first)
        return Checked(
            first=first,
            last=newest,
            fault=first_fault(entries, after=before or GENESIS),
            digest=session.scalar(
                select(self.table.digest).where(self.table.seq == newest)
            ),
        )

    def acts(self, session: Session) -> list[str]:
        """Return the verbs that occur, for the filter."""
        return list(session.scalars(select(self.table.act).distinct().limit(100)))

    def _newest(self) -> Select[AuditColumns]:
        return select(self.table).order_by(self.table.seq.desc())

    def _from(self, session: Session, first: int) -> Iterator[Entry]:
        # Columns, not rows the session would keep: thousands are read for a page.
        columns = (getattr(self.table, name) for name in Entry.__dataclass_fields__)
        query = select(*columns).where(self.table.seq >= first)
        ordered = query.order_by(self.table.seq)
        rows = session.execute(ordered.execution_options(yield_per=BATCH))
        return (Entry(**row) for row in rows.mappings())

    def _where(self, search: AuditSearch) -> list[ColumnElement[bool]]:
        table = self.table
        found: list[ColumnElement[bool]] = []
        if search.actor:
            named = table.actor_name.contains(search.actor, autoescape=True)
            found.append(named | (table.actor == search.actor))
        if search.act:
            found.append(table.act == search.act)
        if search.about:
            found.append(table.about.contains(search.about, autoescape=True))
        if search.since:
            found.append(table.at >= _midnight(search.since))
        if search.until:
            # The day after the last there is no day of; nobody asks for it.
            end = min(search.until, LAST_DAY) + dt.timedelta(days=1)
            found.append(table.at < _midnight(end))
        if search.upto is not None:
            found.append(table.seq <= search.upto)
        return found

    def _row(self, entry: Entry) -> AuditColumns:
        row = self.table()
        for name in Entry.__dataclass_fields__:
            setattr(row, name, getattr(entry, name))
        row.details = dict(entry.details)
        row.digest = entry.computed()
        return row


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), CHINA)


def _entry(row: AuditColumns) -> Entry:
    return Entry(**{name: getattr(row, name) for name in Entry.__dataclass_fields__})

"""Imports, files, the ledger of stored batches, rejects: every statement on them.

Writing is the node's own act and takes no scope; reads for people do.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    ColumnElement,
    Select,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from kuwei_node.intake.domain.progress import (
    Entry,
    Handed,
    Heading,
    State,
    Stored,
    Tally,
)
from kuwei_node.intake.domain.reasons import Reason
from kuwei_node.intake.domain.rows import Totals
from kuwei_node.intake.models import (
    IntakeBatch,
    IntakeFile,
    IntakeImport,
    IntakeReject,
)
from kuwei_shared.db.bulk import copy_rows
from kuwei_shared.kernel.errors import Kind, KuweiError


def create_import(
    session: Session,
    *,
    profile: str,
    divisions: Sequence[str],
    by: str,
    at: dt.datetime,
) -> int:
    """Enter a new import; return its number."""
    row = session.execute(
        insert(IntakeImport)
        .values(
            profile=profile,
            mof_div_code=divisions[0],
            divisions=list(divisions),
            state=State.WAITING.value,
            started_by=by,
            started_at=at,
        )
        .returning(IntakeImport.id)
    )
    return int(row.scalar_one())


def add_files(
    session: Session,
    import_id: int,
    files: Sequence[Handed],
    *,
    digest: str,
    declared: Totals,
) -> None:
    """Enter the files of an import in their order."""
    rows = [
        {
            "import_id": import_id,
            "ordinal": ordinal,
            "name": file.name,
            "path": file.path,
            "sha256": file.sha256,
            "digest": digest,
            "size_bytes": file.size_bytes,
            "state": State.WAITING.value,
            "declared_rows": declared.rows,
            "declared_pay_amt": declared.pay_amt,
            "declared_xpay_amt": declared.xpay_amt,
        }
        for ordinal, file in enumerate(files, 1)
    ]
    session.execute(insert(IntakeFile), rows)


def heading(session: Session, import_id: int) -> Heading:
    """Return an import.

    Raises:
        KuweiError: ``intake.unknown``.
    """
    found = session.get(IntakeImport, import_id, populate_existing=True)
    if found is None:
        raise unknown(import_id)
    return heading_of(found)


def unknown(import_id: int) -> KuweiError:
    """Return the error for an import that does not exist, or not for the caller."""
    return KuweiError(
        "intake.unknown", f"没有编号为 {import_id} 的导入。", kind=Kind.MISSING
    )


def entries(session: Session, import_id: int) -> list[Entry]:
    """Return an import's files in order, as work to do."""
    return [
        Entry(
            id=row.id,
            import_id=row.import_id,
            name=row.name,
            path=row.path,
            sha256=row.sha256,
            digest=row.digest,
            state=State(row.state),
            declared=declared_by(row),
        )
        for row in session.scalars(files_of(import_id))
    ]


def set_file(session: Session, file_id: int, **values: object) -> None:
    """Change a file's entry."""
    session.execute(update(IntakeFile).where(IntakeFile.id == file_id).values(values))


def set_import(session: Session, import_id: int, **values: object) -> None:
    """Change an import's entry."""
    session.execute(
        update(IntakeImport).where(IntakeImport.id == import_id).values(values)
    )


def stored_batches(session: Session, file: Entry, division: str) -> set[int]:
    """Return which batches of a file's content are stored already."""
    query = select(IntakeBatch.batch_no).where(*_of_content(file, division))
    return set(session.scalars(query))


def claim_batch(
    session: Session,
    file: Entry,
    division: str,
    *,
    batch_no: int,
    at: dt.datetime,
) -> int | None:
    """Enter a batch in the ledger; nothing if someone else stored it meanwhile."""
    row = session.execute(
        upsert(IntakeBatch)
        .values(
            sha256=file.sha256,
            digest=file.digest,
            mof_div_code=division,
            batch_no=batch_no,
            import_id=file.import_id,
            stored_at=at,
        )
        .on_conflict_do_nothing()
        .returning(IntakeBatch.id)
    )
    found = row.scalar()
    return None if found is None else int(found)


def complete_batches(session: Session, batches: Sequence[Stored]) -> None:
    """Write what storing the claimed batches came to."""
    session.execute(
        update(IntakeBatch),
        [
            {
                "id": one.batch_id,
                "rows_read": one.read,
                "rows_accepted": one.accepted,
                "rows_present": one.present,
                "present_pay_amt": one.present_pay_amt,
                "rows_rejected": len(one.broken),
                "rows_skipped": one.skipped,
                "pay_amt": one.totals.pay_amt or Decimal(0),
                "xpay_amt": one.totals.xpay_amt or Decimal(0),
                "declared_rows": one.declared.rows,
                "declared_pay_amt": one.declared.pay_amt,
                "declared_xpay_amt": one.declared.xpay_amt,
            }
            for one in batches
        ],
    )


def add_rejects(session: Session, division: str, batches: Sequence[Stored]) -> None:
    """Keep the refused rows of some batches."""
    rows = [(one.batch_id, broken) for one in batches for broken in one.broken]
    if not rows:
        return
    table = pa.table(
        {
            "batch_id": pa.array([batch for batch, _ in rows], pa.int64()),
            "mof_div_code": pa.repeat(division, len(rows)),
            "line": pa.array([one.line for _, one in rows], pa.int64()),
            "raw": pa.array([one.raw for _, one in rows], pa.string()),
            "reason": pa.array([one.reason.value for _, one in rows], pa.string()),
            "field": pa.array([one.field for _, one in rows], pa.string()),
        }
    )
    copy_rows(session, IntakeReject.__tablename__, table)


def tally(session: Session, file: Entry, division: str) -> Tally:
    """Return the sums over a file's stored batches."""
    summed = (
        "rows_read",
        "rows_accepted",
        "rows_present",
        "rows_rejected",
        "rows_skipped",
        "pay_amt",
        "xpay_amt",
    )
    said = ("declared_rows", "declared_pay_amt", "declared_xpay_amt")
    columns = [
        func.sum(getattr(IntakeBatch, name)).label(name) for name in summed + said
    ]
    query = select(*columns).where(*_of_content(file, division))
    row = session.execute(query).mappings().one()
    return Tally(
        read=row["rows_read"] or 0,
        accepted=row["rows_accepted"] or 0,
        present=row["rows_present"] or 0,
        rejected=row["rows_rejected"] or 0,
        skipped=row["rows_skipped"] or 0,
        totals=Totals(
            rows=row["rows_accepted"] or 0,
            pay_amt=row["pay_amt"] or Decimal(0),
            xpay_amt=row["xpay_amt"] or Decimal(0),
        ),
        declared=Totals(
            rows=None if row["declared_rows"] is None else int(row["declared_rows"]),
            pay_amt=row["declared_pay_amt"],
            xpay_amt=row["declared_xpay_amt"],
        ),
        unread=bool(row["rows_rejected"])
        and _has_unread_total(session, file, division),
    )


def _has_unread_total(session: Session, file: Entry, division: str) -> bool:
    query = (
        select(IntakeReject.id)
        .join(IntakeBatch, IntakeBatch.id == IntakeReject.batch_id)
        .where(*_of_content(file, division), IntakeReject.reason == Reason.TOTAL.value)
    )
    return session.scalar(query.limit(1)) is not None


def finish_file(
    session: Session, file: Entry, came: Tally, *, declared: Totals, state: State
) -> None:
    """Write how a file came out."""
    set_file(
        session,
        file.id,
        state=state.value,
        rows_read=came.read,
        rows_accepted=came.accepted,
        rows_present=came.present,
        rows_rejected=came.rejected,
        rows_skipped=came.skipped,
        pay_amt=came.totals.pay_amt,
        xpay_amt=came.totals.xpay_amt,
        declared_rows=declared.rows,
        declared_pay_amt=declared.pay_amt,
        declared_xpay_amt=declared.xpay_amt,
    )


def _of_content(file: Entry, division: str) -> list[ColumnElement[Any]]:
    # Any: three comparisons of different column types
    return [
        IntakeBatch.sha256 == file.sha256,
        IntakeBatch.digest == file.digest,
        IntakeBatch.mof_div_code == division,
    ]


def files_of(import_id: int) -> Select[IntakeFile]:
    """Return the query for an import's files in order."""
    query = select(IntakeFile).where(IntakeFile.import_id == import_id)
    return query.order_by(IntakeFile.ordinal)


def heading_of(row: IntakeImport) -> Heading:
    """Return an import's row as the domain sees it."""
    return Heading(
        id=row.id,
        profile=row.profile,
        divisions=tuple(row.divisions),
        state=State(row.state),
        started_by=row.started_by,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def declared_by(row: IntakeFile) -> Totals:
    """Return the totals declared for a file."""
    return Totals(
        rows=row.declared_rows,
        pay_amt=row.declared_pay_amt,
        xpay_amt=row.declared_xpay_amt,
    )

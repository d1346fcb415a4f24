"""What people see of imports: lists, progress, control totals, rejects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, text, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from kuwei_node.intake.domain.progress import (
    Cause,
    FileProgress,
    ImportSearch,
    Progress,
    Reject,
    State,
)
from kuwei_node.intake.domain.reasons import remedy
from kuwei_node.intake.domain.rows import Totals
from kuwei_node.intake.models import IntakeBatch, IntakeFile, IntakeImport, IntakeReject
from kuwei_node.intake.store.ledger import declared_by, files_of, heading_of, unknown
from kuwei_node.intake.store.orders import ABANDONED
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.pages import Page, PageRequest

CAUSES_SHOWN = 5


def files_page(
    session: Session,
    scope: VisibleJurisdictions,
    import_id: int,
    request: PageRequest,
) -> Page[FileProgress]:
    """Return an import's files and how they came out."""
    query = files_of(import_id).join(
        IntakeImport, IntakeImport.id == IntakeFile.import_id
    )
    query = query.where(_visible(scope))
    total = session.scalar(select(func.count()).select_from(query.subquery()))
    rows = session.scalars(query.offset(request.offset).limit(request.size))
    return Page(rows=[_file(row) for row in rows], total=total or 0, request=request)


def imports_page(
    session: Session,
    scope: VisibleJurisdictions,
    request: PageRequest,
    search: ImportSearch,
) -> Page[Progress]:
    """Return imports and how far they are, newest first unless asked otherwise."""
    where = [_visible(scope)]
    if search.state is not None:
        where.append(IntakeImport.state == search.state)
    if search.profile is not None:
        where.append(IntakeImport.profile == search.profile)
    total = session.scalar(select(func.count(IntakeImport.id)).where(*where))
    number = IntakeImport.id
    order = number.asc() if request.sort == "number" else number.desc()
    query = select(IntakeImport).where(*where).order_by(order)
    rows = session.scalars(query.offset(request.offset).limit(request.size)).all()
    return Page(rows=_progress(session, rows), total=total or 0, request=request)


def progress(session: Session, scope: VisibleJurisdictions, import_id: int) -> Progress:
    """Return how far an import is.

    Raises:
        KuweiError: ``intake.unknown``, also for one outside the scope.
    """
    query = select(IntakeImport).where(IntakeImport.id == import_id, _visible(scope))
    found = session.scalars(query).all()
    if not found:
        raise unknown(import_id)
    return _progress(session, found)[0]


def _progress(session: Session, rows: Sequence[IntakeImport]) -> list[Progress]:
    sums = session.execute(_SUMS, {"ids": [row.id for row in rows]}).mappings()
    by_id = {one["id"]: one for one in sums}
    return [
        Progress(
            heading=heading_of(row),
            files=by_id[row.id]["files"],
            files_finished=by_id[row.id]["files_finished"],
            read=int(by_id[row.id]["rows_read"]),
            accepted=int(by_id[row.id]["rows_accepted"]),
            present=int(by_id[row.id]["rows_present"]),
            present_pay_amt=by_id[row.id]["present_pay_amt"],
            rejected=int(by_id[row.id]["rows_rejected"]),
            share=float(by_id[row.id]["share"]),
            is_abandoned=by_id[row.id]["is_abandoned"],
        )
        for row in rows
    ]


_SUMS = text(
    f"SELECT i.id, {ABANDONED} AS is_abandoned, count(f.id) AS files,"
    " count(*) FILTER (WHERE f.finished) AS files_finished,"
    " coalesce(sum(f.size_bytes) FILTER (WHERE f.finished)"
    " / nullif(sum(f.size_bytes), 0), 0) AS share,"
    " coalesce(sum(b.rows_read), 0) AS rows_read,"
    " coalesce(sum(b.rows_accepted), 0) AS rows_accepted,"
    " coalesce(sum(b.rows_present), 0) AS rows_present,"
    " coalesce(sum(b.present_pay_amt), 0) AS present_pay_amt,"
    " coalesce(sum(b.rows_rejected), 0) AS rows_rejected"
    " FROM intake_import i LEFT JOIN LATERAL (SELECT *, state NOT IN"
    " ('waiting', 'running') AS finished FROM intake_file"
    " WHERE import_id = i.id) f ON true LEFT JOIN LATERAL (SELECT"
    " sum(rows_read) AS rows_read, sum(rows_accepted) AS rows_accepted,"
    " sum(rows_present) AS rows_present, sum(rows_rejected) AS rows_rejected,"
    " sum(present_pay_amt) AS present_pay_amt"
    " FROM intake_batch WHERE sha256 = f.sha256 AND digest = f.digest"
    " AND mof_div_code = i.mof_div_code) b ON true"
    " WHERE i.id = ANY(:ids) GROUP BY i.id"
)


def rejects_page(
    session: Session,
    scope: VisibleJurisdictions,
    import_id: int,
    *,
    request: PageRequest,
    labels: Mapping[str, str],
    reason: str | None = None,
) -> Page[Reject]:
    """Return an import's refused rows by file and line; labels name the fields."""
    base = _refused(
        scope,
        import_id,
        IntakeFile.name.label("file"),
        IntakeReject.line,
        IntakeReject.raw,
        IntakeReject.reason,
        IntakeReject.field,
    )
    if reason is not None:
        base = base.where(IntakeReject.reason == reason)
    total = session.scalar(select(func.count()).select_from(base.subquery()))
    line = IntakeReject.line
    line_order = line.desc() if request.sort == "-line" else line.asc()
    ordered = base.order_by(IntakeFile.ordinal, line_order, IntakeReject.id)
    rows = session.execute(ordered.offset(request.offset).limit(request.size))
    rejects = [
        Reject(**row, remedy=remedy(row["reason"], labels.get(row["field"], "")))
        for row in rows.mappings()
    ]
    return Page(rows=rejects, total=total or 0, request=request)


def causes(
    session: Session,
    scope: VisibleJurisdictions,
    import_id: int,
    *,
    labels: Mapping[str, str],
) -> list[Cause]:
    """Return what most of an import's refused rows were refused for, most first."""
    rows = func.count().label("rows")
    query = (
        _refused(scope, import_id, IntakeReject.reason, IntakeReject.field, rows)
        .group_by(IntakeReject.reason, IntakeReject.field)
        .order_by(rows.desc(), IntakeReject.reason, IntakeReject.field)
        .limit(CAUSES_SHOWN)
    )
    return [
        Cause(
            reason=row["reason"],
            rows=row["rows"],
            remedy=remedy(row["reason"], labels.get(row["field"], "")),
        )
        for row in session.execute(query).mappings()
    ]


def _refused(
    scope: VisibleJurisdictions,
    import_id: int,
    *columns: ColumnElement[Any] | InstrumentedAttribute[Any],
) -> Select[Any]:
    # Any: the columns are the caller's
    return (
        select(*columns)
        .select_from(IntakeFile)
        .join(IntakeImport, IntakeImport.id == IntakeFile.import_id)
        .join(
            IntakeBatch,
            (IntakeBatch.sha256 == IntakeFile.sha256)
            & (IntakeBatch.digest == IntakeFile.digest)
            & (IntakeBatch.mof_div_code == IntakeImport.mof_div_code),
        )
        .join(IntakeReject, IntakeReject.batch_id == IntakeBatch.id)
        .where(IntakeFile.import_id == import_id, _visible(scope))
    )


def _visible(scope: VisibleJurisdictions) -> ColumnElement[bool]:
    if scope.is_everything:
        return true()
    return IntakeImport.mof_div_code.in_(scope.codes)


def _file(row: IntakeFile) -> FileProgress:
    return FileProgress(
        id=row.id,
        name=row.name,
        state=State(row.state),
        message=row.message,
        encoding=row.encoding,
        size_bytes=row.size_bytes,
        read=row.rows_read,
        accepted=row.rows_accepted,
        present=row.rows_present,
        rejected=row.rows_rejected,
        skipped=row.rows_skipped,
        declared=declared_by(row),
        reproduced=Totals(
            rows=row.rows_accepted, pay_amt=row.pay_amt, xpay_amt=row.xpay_amt
        ),
    )

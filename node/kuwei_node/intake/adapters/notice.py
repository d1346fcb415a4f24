"""What an import came to, as a table for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy.orm import Session

from kuwei_node.intake.domain.progress import FileProgress, State
from kuwei_node.intake.domain.rows import Totals
from kuwei_node.intake.service.imports import Intake
from kuwei_shared.identity.scope import of_service
from kuwei_shared.kernel.pages import PAGE_SIZE_MAX, PageRequest

FILES_SHOWN = 20
REJECTS_SHOWN = 10


def outcome(intake: Intake, session: Session, import_id: int) -> str:
    """Return totals, how it ended, files in trouble, why rows were refused."""
    entries = list(_files(intake, session, import_id))
    lines = [_row(entry) for entry in entries if _is_shown(entry, len(entries))]
    lines = ["状态\t文件\t接收\t已有\t拒绝\t金额\t实付\t申报金额\t申报实付", *lines]
    whole = Totals(rows=0, pay_amt=Decimal(0), xpay_amt=Decimal(0))
    said = Totals()
    for entry in entries:
        whole, said = whole.plus(entry.reproduced), said.plus(entry.declared)
    rejected = sum(entry.rejected for entry in entries)
    found = intake.progress(session, of_service(), import_id)
    present = sum(entry.present for entry in entries)
    lines.append(
        f"合计\t{len(entries)} 个文件\t{whole.rows}\t{present}\t{rejected}"
        f"\t{_amounts(whole)}\t{_amounts(said)}"
    )
    lines += [f"! {entry.message}" for entry in entries if entry.message][:FILES_SHOWN]
    if found.present:
        amount = f"{found.present_pay_amt:.2f}"
        lines.append(f"其中已有 {found.present} 行,金额 {amount} 元,未重复入库")
    lines.append(f"结果:{found.state_title}")
    lines += [
        f"{cause.reason_title} {cause.rows} 行:{cause.remedy}"
        for cause in intake.causes(session, of_service(), import_id)
    ]
    refused = intake.rejects(
        session, of_service(), import_id, PageRequest(size=REJECTS_SHOWN)
    )
    lines += [f"- {one.file} 第 {one.line} 行:{one.remedy}" for one in refused.rows]
    if refused.total > len(refused.rows):
        lines.append(f"…… 另有 {refused.total - len(refused.rows)} 行,见导入页面。")
    return "\n".join(lines)


def _files(intake: Intake, session: Session, import_id: int) -> Iterator[FileProgress]:
    number, last = 1, 1
    while number <= last:
        request = PageRequest(number=number, size=PAGE_SIZE_MAX)
        page = intake.files(session, of_service(), import_id, request)
        yield from page.rows
        number, last = number + 1, page.last


def _is_shown(entry: FileProgress, files: int) -> bool:
    return files <= FILES_SHOWN or entry.state is not State.DONE


def _row(entry: FileProgress) -> str:
    return (
        f"{entry.state_title}\t{entry.name}\t{entry.accepted}\t{entry.present}"
        f"\t{entry.rejected}\t{_amounts(entry.reproduced)}\t{_amounts(entry.declared)}"
    )


def _amounts(totals: Totals) -> str:
    return "\t".join(
        "—" if amount is None else f"{amount:.2f}"
        for amount in (totals.pay_amt, totals.xpay_amt)
    )

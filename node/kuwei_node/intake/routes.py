"""Imports: handing a file in, watching it, and what was refused."""
# FastAPI reads annotations at run time, so they are not postponed here.

from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Annotated, Self

from fastapi import APIRouter, Depends, File, Form, Path, Request, UploadFile
from fastapi.responses import Response

from kuwei_node.intake.domain.progress import (
    TITLES,
    FileProgress,
    ImportSearch,
    Progress,
    Reject,
)
from kuwei_node.intake.domain.reasons import TITLES as REASONS
from kuwei_node.intake.domain.rows import Totals
from kuwei_node.intake.service.imports import Intake
from kuwei_node.intake.service.uploads import Upload, Uploads
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.web import export
from kuwei_shared.web.guards import FORM, DeskDep, HereDep, needs
from kuwei_shared.web.parts import Desk
from kuwei_shared.web.tables import Column, Filter, Layout, TableAsk

PATH = "/imports"
FILES_SHOWN = 20
ROWS_DIGITS = 12
YUAN_DIGITS = 18
FEN = Decimal("0.01")
Number = Annotated[int, Path(ge=1, lt=2**63)]
Text = Annotated[str, Form(max_length=100)]
Sent = Annotated[UploadFile, File()]
HANDING_IN = [needs(Permission.IMPORT_FILES), FORM]

COLUMNS = (
    Column(name="number", label="编号", is_sortable=True, is_figure=True),
    Column(name="started_at", label="提交时间"),
    Column(name="started_by", label="提交人"),
    Column(name="profile", label="导入方案"),
    Column(name="state_title", label="状态"),
    Column(name="files", label="文件", is_figure=True),
    Column(name="read", label="读入行数", is_figure=True),
    Column(name="accepted", label="接收", is_figure=True),
    Column(name="present", label="已有", is_figure=True),
    Column(name="rejected", label="拒绝", is_figure=True),
)
REJECTS = (
    Column(name="file", label="文件"),
    Column(name="line", label="行号", is_sortable=True, is_figure=True),
    Column(name="reason_title", label="原因"),
    Column(name="remedy", label="处理办法"),
    Column(name="raw", label="原行内容"),
)


FILES = (
    Column(name="name", label="文件"),
    Column(name="state_title", label="状态"),
    Column(name="encoding", label="编码"),
    Column(name="declared_rows", label="申报笔数", is_figure=True),
    Column(name="reproduced_rows", label="实得笔数", is_figure=True),
    Column(name="declared_amount", label="申报金额(元)", is_figure=True),
    Column(name="reproduced_amount", label="实得金额(元)", is_figure=True),
    Column(name="skipped", label="跳过", is_figure=True),
    Column(name="rejected", label="拒绝", is_figure=True),
    Column(name="message", label="说明", is_filed_only=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLine:
    """A file of an import as an exported file says it."""

    name: str
    state_title: str
    encoding: str | None
    declared_rows: int | None
    reproduced_rows: int | None
    declared_amount: Decimal | None
    reproduced_amount: Decimal | None
    skipped: int
    rejected: int
    message: str | None

    @classmethod
    def of(cls, found: FileProgress) -> Self:
        """Return the line of a file."""
        return cls(
            name=found.name,
            state_title=found.state_title,
            encoding=found.encoding,
            declared_rows=found.declared.rows,
            reproduced_rows=found.reproduced.rows,
            declared_amount=found.declared.pay_amt,
            reproduced_amount=found.reproduced.pay_amt,
            skipped=found.skipped,
            rejected=found.rejected,
            message=found.message,
        )


def _totals(rows: Text = "", amount: Text = "") -> Totals:
    """Return the control totals of the form, nothing where it is blank."""
    try:
        return Totals(rows=_count(rows), pay_amt=_yuan(amount))
    except (ValueError, ArithmeticError) as error:
        raise KuweiError(
            "upload.totals", "申报的笔数须为整数,金额须为数字(元,精确到分)。"
        ) from error


def _count(text: str) -> int | None:
    plain = text.replace(",", "").strip()
    if not plain:
        return None
    if len(plain) > ROWS_DIGITS or not plain.isdecimal():
        raise ValueError(plain)
    return int(plain)


def _yuan(text: str) -> Decimal | None:
    plain = text.replace(",", "").strip()
    if not plain:
        return None
    # Traps what a ledger column cannot hold, and what it would round.
    exact = Context(prec=YUAN_DIGITS, traps=[InvalidOperation, Inexact])
    amount = Decimal(plain).quantize(FEN, context=exact)
    if not amount.is_finite():
        raise ValueError(plain)
    return amount


TotalsDep = Annotated[Totals, Depends(_totals)]


def routes(intake: Intake, uploads: Uploads) -> APIRouter:
    """Return the pages of imports, for posts that may see payments."""
    guard = [needs(Permission.SEE_PAYMENTS)]
    router = APIRouter(prefix=PATH, include_in_schema=False, dependencies=guard)
    _list(router, intake, uploads)
    _one(router, intake, uploads)
    _files(router, intake)
    return router


def _list(router: APIRouter, intake: Intake, uploads: Uploads) -> None:
    @router.get("")
    def listing(request: Request, here: HereDep, desk: DeskDep) -> Response:
        titles = uploads.profiles()
        layout = _layout(titles)
        table = layout.table(request.query_params, lambda ask: _page(intake, desk, ask))
        return here.page("intake/list.html", "table", table=table, profiles=titles)

    @router.get("/export.{form}", dependencies=[needs(Permission.EXPORT_TABLES)])
    def exported(form: str, request: Request, desk: DeskDep) -> Response:
        layout = _layout({})
        ask = layout.ask(request.query_params)
        return export.table(
            form, layout, ask, lambda a: _page(intake, desk, a), desk=desk
        )

    @router.post("", dependencies=HANDING_IN)
    def hand_in(
        here: HereDep, desk: DeskDep, file: Sent, profile: Text, totals: TotalsDep
    ) -> Response:
        upload = Upload(
            stream=file.file,
            name=file.filename or "",
            profile=profile,
            declared=totals,
        )
        number = uploads.order(desk.session, desk.scope, upload, desk.principal)
        desk.record("提交导入文件", f"导入 {number}", profile=profile)
        return here.done(f"{PATH}/{number}", "文件已提交,进展见下。")


def _one(router: APIRouter, intake: Intake, uploads: Uploads) -> None:
    @router.get("/{number}")
    def one(number: Number, here: HereDep, desk: DeskDep) -> Response:
        found = intake.progress(desk.session, desk.scope, number)
        every = PageRequest(size=FILES_SHOWN)
        files = intake.files(desk.session, desk.scope, number, every)
        refused = found.is_over and found.rejected > 0
        return here.page(
            "intake/import.html",
            "progress",
            found=found,
            files=files,
            profiles=uploads.profiles(),
            causes=intake.causes(desk.session, desk.scope, number) if refused else [],
        )

    @router.get("/{number}/rejects")
    def rejects(
        number: Number, request: Request, here: HereDep, desk: DeskDep
    ) -> Response:
        found = intake.progress(desk.session, desk.scope, number)
        layout = _rejects(number)
        table = layout.table(
            request.query_params, lambda ask: _refused(intake, desk, ask, number)
        )
        return here.page("intake/rejects.html", "table", found=found, table=table)

    # For the post that must mend the file: these are its own rows.
    @router.get(
        "/{number}/rejects/export.{form}",
        dependencies=[needs(Permission.IMPORT_FILES)],
    )
    def exported(
        number: Number, form: str, request: Request, desk: DeskDep
    ) -> Response:
        layout = _rejects(number)
        ask = layout.ask(request.query_params)
        return export.table(
            form, layout, ask, lambda a: _refused(intake, desk, a, number), desk=desk
        )


def _files(router: APIRouter, intake: Intake) -> None:
    @router.get("/{number}/files")
    def files(
        number: Number, request: Request, here: HereDep, desk: DeskDep
    ) -> Response:
        found = intake.progress(desk.session, desk.scope, number)
        table = _files_of(number).table(
            request.query_params,
            lambda ask: intake.files(desk.session, desk.scope, number, ask.page),
        )
        return here.page("intake/files.html", "table", found=found, table=table)

    @router.get(
        "/{number}/files/export.{form}", dependencies=[needs(Permission.EXPORT_TABLES)]
    )
    def filed(number: Number, form: str, request: Request, desk: DeskDep) -> Response:
        layout = _files_of(number)
        ask = layout.ask(request.query_params)
        return export.table(
            form, layout, ask, lambda a: _filed(intake, desk, a, number), desk=desk
        )


def _layout(titles: dict[str, str]) -> Layout:
    states = {state.value: title for state, title in TITLES.items()}
    return Layout(
        name="imports",
        title="文件导入",
        path=PATH,
        columns=COLUMNS,
        filters=(
            Filter(name="state", label="状态", options=states),
            Filter(name="profile", label="导入方案", options=titles, is_open=True),
        ),
        default_sort="-number",
        empty="还没有导入过文件。",
        can_export=True,
    )


def _files_of(number: int) -> Layout:
    return Layout(
        name="files",
        title="导入的文件",
        path=f"{PATH}/{number}/files",
        columns=FILES,
        empty="没有文件。",
        can_export=True,
    )


def _filed(intake: Intake, desk: Desk, ask: TableAsk, number: int) -> Page[FileLine]:
    page = intake.files(desk.session, desk.scope, number, ask.page)
    rows = [FileLine.of(one) for one in page.rows]
    return Page(rows=rows, total=page.total, request=page.request)


def _rejects(number: int) -> Layout:
    reasons = {str(reason): title for reason, title in REASONS.items()}
    return Layout(
        name="rejects",
        title="拒绝的行",
        path=f"{PATH}/{number}/rejects",
        columns=REJECTS,
        filters=(Filter(name="reason", label="原因", options=reasons),),
        default_sort="line",
        empty="没有被拒绝的行。",
    )


def _refused(intake: Intake, desk: Desk, ask: TableAsk, number: int) -> Page[Reject]:
    return intake.rejects(desk.session, desk.scope, number, ask.page, ask.get("reason"))


def _page(intake: Intake, desk: Desk, ask: TableAsk) -> Page[Progress]:
    search = ImportSearch(state=ask.get("state"), profile=ask.get("profile"))
    return intake.imports(desk.session, desk.scope, ask.page, search)

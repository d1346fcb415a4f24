"""The list of jurisdictions; the page of one is the overview's."""
# FastAPI reads annotations at run time, so they are not postponed here.

from fastapi import APIRouter, Request
from fastapi.responses import Response

from kuwei_hub.territory.domain import Jurisdiction, Level, Search
from kuwei_hub.territory.service import Territory
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.kernel.pages import Page
from kuwei_shared.web import export
from kuwei_shared.web.formats import LEVELS
from kuwei_shared.web.guards import DeskDep, HereDep, needs
from kuwei_shared.web.parts import Desk
from kuwei_shared.web.tables import Column, Filter, Layout, Table, TableAsk

PATH = "/territory"

LAYOUT = Layout(
    name="jurisdictions",
    title="财政区划",
    path=PATH,
    columns=(
        Column(name="mof_div_code", label="区划代码", is_sortable=True),
        Column(name="name", label="名称", is_sortable=True),
        Column(name="level", label="级次", is_sortable=True, words=LEVELS),
        Column(name="fiscal_parent", label="财政上级"),
        Column(name="administrative_parent", label="行政上级"),
        Column(name="host", label="所在节点"),
        Column(name="opened_on", label="启用", is_sortable=True),
        Column(name="closed_on", label="停用"),
    ),
    filters=(
        Filter(name="words", label="名称或代码"),
        Filter(name="level", label="级次", options=LEVELS),
    ),
    default_sort="mof_div_code",
    empty="没有符合条件的区划,请放宽查询条件。",
    can_export=True,
)


def routes(territory: Territory) -> APIRouter:
    """Return the pages of the territory."""
    router = APIRouter(prefix=PATH, include_in_schema=False)

    @router.get("")
    def listing(request: Request, here: HereDep, desk: DeskDep) -> Response:
        ask = LAYOUT.ask(request.query_params)
        table = Table(layout=LAYOUT, ask=ask, page=_page(territory, desk, ask))
        codes = [code for one in table.page.rows for code in one.relatives]
        names = territory.names(desk.session, desk.scope, codes)
        return here.page("territory/list.html", "table", table=table, names=names)

    @router.get("/export.{form}", dependencies=[needs(Permission.EXPORT_TABLES)])
    def exported(form: str, request: Request, desk: DeskDep) -> Response:
        ask = LAYOUT.ask(request.query_params)
        return export.table(
            form, LAYOUT, ask, lambda a: _page(territory, desk, a), desk=desk
        )

    return router


def _page(territory: Territory, desk: Desk, ask: TableAsk) -> Page[Jurisdiction]:
    level = ask.get("level")
    search = Search(words=ask.get("words"), level=Level(level) if level else None)
    return territory.page(desk.session, desk.scope, search, ask.page)

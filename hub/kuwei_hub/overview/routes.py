"""The first page, and the page of one jurisdiction."""
# FastAPI reads annotations at run time, so they are not postponed here.

from dataclasses import dataclass, replace
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import StringConstraints

from kuwei_hub.overview.domain import (
    FEN,
    Period,
    Picture,
    PlaceFigures,
    PlaceSearch,
    Whole,
)
from kuwei_hub.overview.service import Overview
from kuwei_hub.territory.domain import Unfolding
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.kernel.pages import Page
from kuwei_shared.web import export
from kuwei_shared.web.charts import Chart, Series
from kuwei_shared.web.formats import LEVELS
from kuwei_shared.web.guards import DeskDep, HereDep, needs
from kuwei_shared.web.parts import Desk, Here
from kuwei_shared.web.tables import Column, Filter, Layout, TableAsk
from kuwei_shared.wire.statistics import Measure

FIGURES = "/figures"
YEARS_SHOWN = 3
OPENED_MAX = 20
NINE_DIGITS = r"^[0-9]{9}$"
Code = Annotated[str, Path(pattern=NINE_DIGITS)]
Number = Annotated[int, Query(ge=1, le=1_000)]
Opened = Annotated[
    tuple[Annotated[str, StringConstraints(pattern=NINE_DIGITS)], ...],
    Query(alias="open", max_length=OPENED_MAX),
]
Year = Annotated[int | None, Query(ge=2000, le=2100)]
Of = Literal["whole", "own"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeAsk:
    """What the address says of the tree, and the addresses that say other things."""

    path: str
    year: int
    opened: tuple[str, ...]
    number: int
    of: Of = "whole"

    def unfolding(self, below: str | None = None) -> Unfolding:
        """Return what the territory is asked for."""
        opened = frozenset(self.opened)
        return Unfolding(below=below, opened=opened, number=self.number)

    def toggled(self, code: str) -> str:
        """Return the address with one more row open, or one less.

        One too many closes the one that was opened first.
        """
        if code in self.opened:
            opened = tuple(one for one in self.opened if one != code)
        else:
            opened = (*self.opened[-(OPENED_MAX - 1) :], code)
        return replace(self, opened=opened).address

    def page(self, number: int) -> str:
        """Return the address of another page of the first level."""
        return replace(self, opened=(), number=number).address

    @property
    def address(self) -> str:
        """This tree's own address, to be kept as a bookmark."""
        pairs: list[tuple[str, str | int]] = [("year", self.year)]
        pairs += [("of", self.of)] if self.of != "whole" else []
        pairs += [("open", code) for code in self.opened]
        pairs += [("page", self.number)] if self.number > 1 else []
        return f"{self.path}?{urlencode(pairs)}"


def routes(overview: Overview) -> APIRouter:
    """Return the overview and the jurisdiction page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def province(
        here: HereDep,
        desk: DeskDep,
        *,
        year: Year = None,
        opened: Opened = (),
        page: Number = 1,
    ) -> Response:
        period = _period(overview, desk, year)
        ask = TreeAsk(path="/", year=period.year, opened=opened, number=page)
        tree = overview.tree(desk.session, desk.scope, period, ask.unfolding())
        return here.page(
            "overview/province.html",
            "tree",
            tree=tree,
            ask=ask,
            now=desk.clock.now(),
            **_picture(overview, here, desk, period, tree.whole),
        )

    @router.get("/territory/{code}")
    def jurisdiction(
        code: Code,
        here: HereDep,
        desk: DeskDep,
        *,
        year: Year = None,
        of: Of = "whole",
        opened: Opened = (),
        page: Number = 1,
    ) -> Response:
        one = overview.territory.find(desk.session, desk.scope, code)
        period = _period(overview, desk, year)
        path = f"/territory/{code}"
        ask = TreeAsk(path=path, year=period.year, opened=opened, number=page, of=of)
        tree = overview.tree(desk.session, desk.scope, period, ask.unfolding(code))
        shown = tree.own if of == "own" else tree.whole
        return here.page(
            "overview/jurisdiction.html",
            "tree",
            one=one,
            of=of,
            shown=shown,
            suspension=overview.suspension(desk.session, desk.scope, one.host or code),
            names=overview.territory.names(desk.session, desk.scope, one.relatives),
            tree=tree,
            ask=ask,
            now=desk.clock.now(),
            **_picture(overview, here, desk, period, shown),
        )

    _figures(router, overview)
    return router


def _figures(router: APIRouter, overview: Overview) -> None:
    def read(desk: Desk, ask: TableAsk) -> Page[PlaceFigures]:
        year = ask.get("year")
        period = _period(overview, desk, int(year) if year else None)
        search = PlaceSearch(words=ask.get("words"), level=ask.get("level"))
        return overview.places(desk.session, desk.scope, period, search, ask.page)

    @router.get(FIGURES)
    def figures(request: Request, here: HereDep, desk: DeskDep) -> Response:
        layout = _layout(here.today.year)
        table = layout.table(request.query_params, lambda ask: read(desk, ask))
        return here.page("overview/figures.html", "table", table=table)

    @router.get(
        f"{FIGURES}/export.{{form}}", dependencies=[needs(Permission.EXPORT_TABLES)]
    )
    def exported(form: str, request: Request, here: HereDep, desk: DeskDep) -> Response:
        layout = _layout(here.today.year)
        ask = layout.ask(request.query_params)
        return export.table(form, layout, ask, lambda a: read(desk, a), desk=desk)


def _layout(this: int) -> Layout:
    counted = (
        ("payments", "支付笔数"),
        ("amount", "支付金额(元)"),
        ("screened", "审核笔次"),
        ("coverage", "覆盖率(%)"),
        ("alerts", "预警"),
        ("alert_rate", "预警率(%)"),
        ("held", "暂缓"),
        ("rejected", "拒绝"),
        ("undetermined", "无法判定"),
    )
    years = {str(year): f"{year} 年" for year in reversed(_years(this))}
    return Layout(
        name="figures",
        title="各区划监控数字(仅本级)",
        path=FIGURES,
        columns=(
            Column(name="mof_div_code", label="区划代码", is_sortable=True),
            Column(name="name", label="名称", is_sortable=True),
            Column(name="level", label="级次", is_sortable=True, words=LEVELS),
            *(
                Column(name=name, label=label, is_sortable=True, is_figure=True)
                for name, label in counted
            ),
        ),
        filters=(
            Filter(name="words", label="名称或代码"),
            Filter(name="level", label="级次", options=LEVELS),
            Filter(name="year", label="年度", options=years),
        ),
        default_sort="mof_div_code",
        empty="没有符合条件的区划,请放宽查询条件。",
        can_export=True,
    )


def _period(overview: Overview, desk: Desk, year: int | None) -> Period:
    if year:
        return Period(year=year)
    return overview.period(desk.session, desk.scope)


def _picture(
    overview: Overview, here: Here, desk: Desk, period: Period, shown: Whole
) -> dict[str, object]:
    """Return what stands around the tree; nothing when the tree alone is asked for."""
    if here.is_fragment:
        return {}
    picture = overview.picture(desk.session, desk.scope, period, shown.codes)
    return {
        "picture": picture,
        "figures": _charts(picture),
        "years": _years(here.today.year),
    }


def _years(this: int) -> list[int]:
    return list(range(this - YEARS_SHOWN + 1, this + 1))


def _charts(picture: Picture) -> dict[str, Chart]:
    span = f"{picture.period.year} 年"
    money = [value / FEN for value in _monthly(picture, Measure.AMOUNT_FEN)]
    shown = (
        ("预警", Measure.ALERTS, "yellow"),
        ("暂缓", Measure.HELD, "red"),
        ("拒绝", Measure.REJECTED, "grey"),
    )
    return {
        "screened": _chart(
            picture,
            f"{span}各月审核笔次",
            "笔",
            [Series(name="审核笔次", values=_monthly(picture, Measure.SCREENED))],
        ),
        "money": _chart(
            picture,
            f"{span}各月支付金额",
            "元",
            [Series(name="支付金额", values=money, kind="line")],
        ),
        "found": _chart(
            picture,
            f"{span}各月预警(条)、暂缓与拒绝(笔)",
            "",
            [
                Series(name=name, values=_monthly(picture, measure), tone=tone)
                for name, measure, tone in shown
            ],
        ),
        "rules": Chart(
            title=f"{span}命中最多的规则(定时规则按预警数)",
            categories=[f"{rule.rule_id} {rule.title}" for rule in picture.rules],
            unit="次",
            is_lying=True,
            series=(
                Series(
                    name="命中", values=[r.hits for r in picture.rules], tone="orange"
                ),
            ),
        ),
    }


def _chart(picture: Picture, title: str, unit: str, series: list[Series]) -> Chart:
    labels = [f"{month.month}月" for month in picture.period.months]
    return Chart(title=title, categories=labels, unit=unit, series=series)


def _monthly(picture: Picture, measure: Measure) -> list[int]:
    months = picture.period.months
    return [picture.monthly.get(month, {}).get(measure, 0) for month in months]

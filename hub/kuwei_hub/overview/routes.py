"""The first page, and the page of one jurisdiction."""
# FastAPI reads annotations at run time, so they are not postponed here.

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from kuwei_hub.overview.domain import FEN, Picture
from kuwei_hub.overview.service import Overview, year_of
from kuwei_shared.web.charts import Chart, Series
from kuwei_shared.web.guards import DeskDep, HereDep
from kuwei_shared.wire.statistics import Measure

YEARS_SHOWN = 3
Code = Annotated[str, Path(pattern=r"^[0-9]{9}$")]
Year = Annotated[int | None, Query(ge=2000, le=2100)]


def routes(overview: Overview) -> APIRouter:
    """Return the overview and the jurisdiction page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def province(here: HereDep, desk: DeskDep, year: Year = None) -> Response:
        period = year_of(year) if year else overview.period(desk.session, desk.scope)
        picture = overview.picture(desk.session, desk.scope, period)
        return here.page(
            "overview/province.html",
            picture=picture,
            figures=_charts(picture),
            now=desk.clock.now(),
            years=_years(here.today.year),
        )

    @router.get("/territory/{code}")
    def jurisdiction(
        code: Code, here: HereDep, desk: DeskDep, year: Year = None
    ) -> Response:
        one = overview.territory.find(desk.session, desk.scope, code)
        period = year_of(year) if year else overview.period(desk.session, desk.scope)
        picture = overview.picture(desk.session, desk.scope, period, below=code)
        return here.page(
            "overview/jurisdiction.html",
            one=one,
            names=overview.territory.names(desk.session, desk.scope),
            picture=picture,
            figures=_charts(picture),
            now=desk.clock.now(),
            years=_years(here.today.year),
        )

    return router


def _years(this: int) -> list[int]:
    return list(range(this - YEARS_SHOWN + 1, this + 1))


def _charts(picture: Picture) -> dict[str, Chart]:
    span = f"{picture.period.since.year} 年"
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
            f"{span}各月预警与拦截",
            "笔",
            [
                Series(name=name, values=_monthly(picture, measure), tone=tone)
                for name, measure, tone in shown
            ],
        ),
        "rules": Chart(
            title=f"{span}命中最多的规则",
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
    labels = [f"{int(month[5:])}月" for month in picture.period.months]
    return Chart(
        title=title, categories=labels, unit=unit, series=series, is_stacked=True
    )


def _monthly(picture: Picture, measure: Measure) -> list[int]:
    months = picture.period.months
    return [picture.monthly.get(month, {}).get(measure, 0) for month in months]

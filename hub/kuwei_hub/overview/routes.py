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
    months = picture.period.months
    span = f"{picture.period.since.year} 年"

    def monthly(measure: Measure) -> list[int]:
        return [picture.monthly.get(m, {}).get(measure, 0) for m in months]

    labels = [f"{int(m[5:])}月" for m in months]
    money = [value / FEN for value in monthly(Measure.AMOUNT_FEN)]
    return {
        "screened": Chart(
            title=f"{span}各月审核笔次与预警",
            categories=labels,
            unit="笔",
            series=(
                Series(name="审核笔次", values=monthly(Measure.SCREENED)),
                Series(name="预警", values=monthly(Measure.ALERTS), tone="orange"),
            ),
        ),
        "money": Chart(
            title=f"{span}各月支付金额",
            categories=labels,
            unit="元",
            series=(Series(name="支付金额", values=money, kind="line"),),
        ),
        "rules": Chart(
            title=f"{span}命中最多的规则",
            categories=[rule for rule, _ in picture.rules],
            unit="次",
            is_lying=True,
            series=(
                Series(
                    name="命中", values=[n for _, n in picture.rules], tone="orange"
                ),
            ),
        ),
    }

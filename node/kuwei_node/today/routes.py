"""The first page."""
# FastAPI reads annotations at run time, so they are not postponed here.

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from kuwei_node.today.domain import SEVERITIES, SPANS, Picture
from kuwei_node.today.service import Today
from kuwei_shared.web.charts import Chart, Series
from kuwei_shared.web.formats import SEVERITIES as TITLES
from kuwei_shared.web.guards import DeskDep, HereDep

Days = Annotated[int, Query(ge=1, le=30)]


def routes(today: Today) -> APIRouter:
    """Return the first page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def first(here: HereDep, desk: DeskDep, days: Days = 1) -> Response:
        picture = today.picture(desk.session, desk.scope, days)
        return here.page(
            "today/today.html",
            picture=picture,
            figures=_charts(picture),
            now=desk.clock.now(),
            spans=SPANS,
            days=days,
        )

    return router


def _charts(picture: Picture) -> dict[str, Chart]:
    labels = [f"{day.month}-{day.day:02}" for day in picture.trend.days]
    return {
        "screened": Chart(
            title="近 30 日审核笔次",
            categories=labels,
            unit="笔次",
            series=[Series(name="审核", values=picture.daily("screened"))],
        ),
        "amount": Chart(
            title="近 30 日支付金额",
            categories=labels,
            unit="元",
            series=[
                Series(name="支付金额", values=picture.daily_amount(), kind="line")
            ],
        ),
        "alerts": Chart(
            title="近 30 日预警",
            categories=labels,
            unit="条",
            is_stacked=True,
            series=[
                Series(
                    name=TITLES[severity],
                    values=picture.daily_alerts(severity),
                    tone=severity,
                )
                for severity in SEVERITIES
            ],
        ),
        "hits": Chart(
            title="命中最多的规则",
            categories=[f"{one.rule_id} {one.title}" for one in picture.hits],
            unit="次",
            is_lying=True,
            is_stacked=True,
            series=[
                Series(
                    name="命中的支付",
                    values=[one.payments or None for one in picture.hits],
                    tone="orange",
                ),
                Series(
                    name="定时规则的预警",
                    values=[one.alerts or None for one in picture.hits],
                    tone="record",
                ),
            ],
        ),
    }

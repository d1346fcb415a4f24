"""The node's web application: the payment interface and the bureau's pages."""

from __future__ import annotations

from contextlib import ExitStack
from importlib.metadata import version

import psycopg2
import structlog
from fastapi import APIRouter, FastAPI

from kuwei_node.alerts import routes as alerts
from kuwei_node.alerts.service import AlertReading
from kuwei_node.audit import routes as audit
from kuwei_node.bootstrap import Node
from kuwei_node.capacity.api import CapacityGate
from kuwei_node.capacity.service import Capacity, CapacityLimits
from kuwei_node.effective import routes as effective
from kuwei_node.effective.service import Effective
from kuwei_node.holds import routes as holds
from kuwei_node.identity import routes as identity
from kuwei_node.identity.service import renewals, strangers
from kuwei_node.intake import routes as intake
from kuwei_node.local_rules import routes as local_rules
from kuwei_node.schedule import routes as schedule
from kuwei_node.screening.api import endpoint as screening
from kuwei_node.search import routes as search
from kuwei_node.search.service import Search
from kuwei_node.today import routes as today
from kuwei_node.today.service import Today
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.ops.metrics import WebMetrics
from kuwei_shared.web.app import create_app
from kuwei_shared.web.assembly import bearer_gate, relying_party, session_codec
from kuwei_shared.web.parts import NavItem, WebParts
from kuwei_shared.web.static import StaticFolder
from kuwei_shared.web.templates import Templates

log = structlog.get_logger()

NAVIGATION = (
    NavItem(label="今日", path="/"),
    NavItem(label="支付", path="/payments"),
    NavItem(label="待处理", path="/holds"),
    NavItem(label="预警", path="/alerts"),
    NavItem(label="导入", path="/imports"),
    NavItem(label="规则", path="/rules", also=("/runs",)),
    NavItem(label="审计", path="/audit"),
)
FEATURES = (
    "alerts",
    "effective",
    "holds",
    "intake",
    "local_rules",
    "schedule",
    "search",
    "today",
)


def create(node: Node) -> FastAPI:
    """Return the node's web application.

    Raises:
        KuweiError: ``settings.web`` when pages could not be safe.
    """
    settings, static = node.settings, StaticFolder()
    party = relying_party(settings, node.clock)
    sessions = session_codec(settings, node.clock)
    parts = WebParts(
        system="预算执行动态监控",
        place=settings.place,
        cookie=f"kuwei-node-{settings.queue}",
        navigation=NAVIGATION,
        templates=Templates({name: f"kuwei_node.{name}" for name in FEATURES}, static),
        unit_of_work=node.unit_of_work,
        party=party,
        sessions=sessions,
        renewals=renewals(node.unit_of_work.begin, party, sessions),
        read_scope=node.reference.visible_to,
        record_act=node.audit.record,
        clock=node.clock,
        is_production=settings.is_production,
        gate=bearer_gate(party, audience=settings.api_audience),
        notice=strangers(node.division, node.reference.divisions),
    )
    app = create_app(
        parts,
        static,
        _routers(node),
        metrics=WebMetrics(),
        threads=settings.web_threads,
        version=version("kuwei"),
    )
    limits = CapacityLimits(in_flight_max=settings.in_flight_max)
    app.add_middleware(CapacityGate, capacity=Capacity(limits))
    return app


def warm_up(node: Node) -> None:
    """Compile the catalogue in force, and have connections plan what judging takes."""
    try:
        with ExitStack() as open_at_once:
            for _ in range(min(node.settings.in_flight_max, node.settings.threads)):
                session = open_at_once.enter_context(node.unit_of_work.begin())
                node.screening.rehearse(session)
    except (KuweiError, psycopg2.Error) as error:
        # No release yet, or no database or tables: the first request will tell.
        log.info("start.without_catalogue", reason=str(error))


def _routers(node: Node) -> list[APIRouter]:
    return [
        identity.routes(),
        screening.router(node.screening, node.reference),
        today.routes(
            Today(
                clock=node.clock,
                catalogues=node.catalogues,
                rulebook=node.rulebook,
                holds=node.holds,
                brakes=node.brakes,
                standing=node.standing,
            )
        ),
        search.routes(
            Search(
                rulebook=node.rulebook,
                screening=node.screening,
                holds=node.holds,
                names=node.audit.names,
            )
        ),
        holds.routes(node.holds, node.rulebook, node.audit),
        alerts.routes(AlertReading(catalogues=node.catalogues), node.rulebook),
        # Before the page of any rule, whose path would take it.
        local_rules.routes(node.local_rules, node.audit.names, node.division),
        effective.routes(
            Effective(
                clock=node.clock,
                catalogues=node.catalogues,
                brakes=node.brakes,
                names=node.audit.names,
            ),
            node.proposals,
            node.division,
        ),
        intake.routes(node.intake, node.uploads),
        schedule.routes(node.scheduler, node.rulebook, node.division),
        audit.routes(node.audit, node.division),
    ]

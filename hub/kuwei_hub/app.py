"""The hub's web application: features' pages on one frame."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI

from kuwei_hub.audit import routes as audit
from kuwei_hub.bootstrap import Hub
from kuwei_hub.catalogue import routes as catalogue
from kuwei_hub.distribution import routes as distribution
from kuwei_hub.fleet import routes as fleet
from kuwei_hub.identity import routes as identity
from kuwei_hub.identity.service import renewals
from kuwei_hub.overview import routes as overview
from kuwei_hub.overview.service import Overview
from kuwei_hub.territory import routes as territory
from kuwei_hub.territory.service import Home
from kuwei_shared.ops.metrics import WebMetrics
from kuwei_shared.web.app import create_app
from kuwei_shared.web.assembly import relying_party, session_codec
from kuwei_shared.web.parts import NavItem, WebParts
from kuwei_shared.web.static import StaticFolder
from kuwei_shared.web.templates import Templates

NAVIGATION = (
    NavItem(label="总览", path="/"),
    NavItem(label="财政区划", path="/territory", also=("/nodes",)),
    NavItem(label="规则目录", path="/catalogue"),
    NavItem(label="版本与推送", path="/releases"),
    NavItem(label="审计", path="/audit"),
)
FEATURES = ("catalogue", "distribution", "fleet", "overview", "territory")


def create(hub: Hub) -> FastAPI:
    """Return the hub's web application.

    Raises:
        KuweiError: ``settings.web`` when pages could not be safe.
    """
    static = StaticFolder()
    party = relying_party(hub.settings, hub.clock)
    sessions = session_codec(hub.settings, hub.clock)
    parts = WebParts(
        system="省级监控平台",
        place=hub.settings.place,
        cookie="kuwei-hub",
        navigation=NAVIGATION,
        templates=Templates({name: f"kuwei_hub.{name}" for name in FEATURES}, static),
        unit_of_work=hub.unit_of_work,
        party=party,
        sessions=sessions,
        renewals=renewals(hub.unit_of_work.begin, party, sessions),
        read_scope=hub.territory.visible_to,
        record_act=hub.audit.record,
        clock=hub.clock,
        is_production=hub.settings.is_production,
    )
    home = Home(hub.territory, hub.unit_of_work)
    routers = [
        identity.routes(),
        territory.routes(hub.territory),
        overview.routes(
            Overview(
                clock=hub.clock,
                territory=hub.territory,
                company=hub.company,
                suspensions=hub.suspensions,
                ledger=hub.ledger,
                reading=hub.reading,
                rulebook=hub.rulebook,
            )
        ),
        catalogue.routes(hub.rulebook, hub.reading, hub.territory),
        distribution.routes(hub.library, hub.ledger, hub.company, hub.territory),
        fleet.routes(hub.company, hub.suspensions, hub.territory, home),
        audit.routes(hub.audit, home),
    ]
    return create_app(
        parts,
        static,
        routers,
        metrics=WebMetrics(),
        threads=hub.settings.web_threads,
        version=version("kuwei"),
    )

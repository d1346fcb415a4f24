"""Telling the provider of the territory: whom the verb refuses, and what it sends."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import embedded
import pytest
from audit_lab import Terminal
from sqlalchemy import create_engine

from kuwei_hub import schema
from kuwei_hub.audit.service import Audit
from kuwei_hub.cli import verbs
from kuwei_hub.identity.service import open_places
from kuwei_hub.territory.service import Territory
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import PAGE_SIZE_MAX

pytestmark = pytest.mark.integration

HEAD = "mof_div_code,name,level,fiscal_parent,opened_on,closed_on\n"
PROVINCE = "450000000,广西壮族自治区本级,province,,2020-01-01,\n"
TOLD = {
    "KUWEI_REALM_CLIENT_ID": "realm-sync",
    "KUWEI_REALM_CLIENT_SECRET": "a-secret-of-tests",
}


@pytest.fixture
def terminal(postgres: embedded.Postgres, tmp_path: Path) -> Terminal:
    url = postgres.create(f"hub_{tmp_path.name}")
    engine = create_engine(url)
    schema.metadata().create_all(engine)
    engine.dispose()
    return Terminal(
        verbs=verbs,
        ledger=Audit(clock=SetClock()).ledger,
        settings={
            "KUWEI_MODE": "development",
            "KUWEI_DATABASE_URL": url,
            "KUWEI_DATA_DIR": str(tmp_path),
        },
    )


def load(terminal: Terminal, folder: Path, rows: str) -> None:
    places = folder / "places.csv"
    places.write_text(HEAD + PROVINCE + rows, encoding="utf-8")
    terminal.do("load-territory", places)


def refusal(terminal: Terminal, **settings: str) -> KuweiError:
    result = terminal.type("sync-realm", **settings)
    assert isinstance(result.exception, KuweiError), result.exception
    return result.exception


def test_without_an_account_nothing_is_synced(terminal: Terminal) -> None:
    found = refusal(terminal)

    assert found.code == "settings.realm"
    assert "KUWEI_REALM_CLIENT_SECRET" in found.message


def test_the_secret_of_administrators_is_told_to_no_plain_address(
    terminal: Terminal,
) -> None:
    issuer = "http://id.example/realms/kuwei"

    found = refusal(terminal, KUWEI_MODE="production", KUWEI_ISSUER=issuer, **TOLD)

    assert found.code == "settings.realm"
    assert issuer in found.message
    assert "https" in found.message


def test_an_encrypted_address_may_be_told_in_production(terminal: Terminal) -> None:
    issuer = "https://id.example/realms/kuwei"

    found = refusal(terminal, KUWEI_MODE="production", KUWEI_ISSUER=issuer, **TOLD)

    assert found.code == "territory.none"


def test_before_there_is_a_territory_nothing_is_synced(terminal: Terminal) -> None:
    assert refusal(terminal, **TOLD).code == "territory.none"


def test_a_realm_that_is_away_is_named_and_nothing_is_recorded(
    terminal: Terminal, tmp_path: Path
) -> None:
    load(terminal, tmp_path, "")
    before, port = terminal.acts(), embedded.free_port()
    away = f"http://127.0.0.1:{port}/realms/kuwei"

    found = refusal(terminal, KUWEI_ISSUER=away, **TOLD)

    assert found.code == "realm.refused"
    assert f"127.0.0.1:{port}" in found.message
    assert terminal.acts() == before


def test_the_open_jurisdictions_of_a_whole_province_are_told(
    terminal: Terminal, tmp_path: Path
) -> None:
    counties = [f"45{number:04}000" for number in range(1, PAGE_SIZE_MAX + 50)]
    rows = "".join(f"{one},县,county,450000000,2020-01-01,\n" for one in counties)
    past = "451900000,旧县,county,450000000,2020-01-01,2026-01-01\n"
    coming = "451901000,新县,county,450000000,2026-01-02,\n"
    load(terminal, tmp_path, rows + past + coming)
    engine = create_engine(terminal.settings["KUWEI_DATABASE_URL"])

    with UnitOfWork(engine).begin() as session:
        found = open_places(session, Territory(), dt.date(2026, 1, 1))

    assert set(found) == {"450000000", *counties}
    engine.dispose()

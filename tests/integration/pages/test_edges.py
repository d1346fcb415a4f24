"""What becomes of bugs, of unreadable input, and of calls by machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

import embedded
import httpx
import pytest
import web_lab
from fastapi import APIRouter, Query
from pace import PATIENCE_S

from kuwei_hub import app as hub_app
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.web.guards import MachineDep, machine_needs

pytestmark = pytest.mark.integration


def faulty() -> APIRouter:
    router = APIRouter(prefix="/v1")

    @router.get("/bug")
    def bug() -> None:
        raise RuntimeError("a secret in the message")

    @router.get("/full")
    def full() -> None:
        raise KuweiError("capacity.full", "忙。", kind=Kind.LIMITED, retry_after_s=3)

    @router.get("/number")
    def number(n: Annotated[int, Query(ge=1)]) -> int:
        return n

    @router.get("/who", dependencies=[machine_needs(Permission.SCREEN_PAYMENTS)])
    def who(caller: MachineDep) -> str:
        return caller.name

    return router


@pytest.fixture(scope="module")
def machine(site: web_lab.Site) -> Iterator[httpx.Client]:
    """A client of the hub with four more addresses, one of them broken."""
    app = hub_app.create(site.hub)
    app.include_router(faulty())
    port = embedded.free_port()
    with (
        web_lab.served(app, port) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE_S) as client,
    ):
        yield client


def test_a_bug_shows_a_reference_and_nothing_else(machine: httpx.Client) -> None:
    answer = machine.get("/v1/bug")

    assert answer.status_code == 500
    assert "编号" in answer.json()["detail"]
    assert "secret" not in answer.text
    assert "default-src" in answer.headers["content-security-policy"]


def test_a_bug_is_logged_without_anybodys_data(
    machine: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = machine.get("/v1/bug").json()["detail"].split("编号 ")[1][:12]

    said = capsys.readouterr().err.splitlines()
    [line] = [json.loads(one) for one in said if reference in one]
    assert line["reference"] == reference
    assert "locals" not in line["exception"][0]["frames"][0]


def test_a_limited_call_says_when_to_come_back(machine: httpx.Client) -> None:
    answer = machine.get("/v1/full")

    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "3"


def test_unreadable_input_names_every_place(machine: httpx.Client) -> None:
    answer = machine.get("/v1/number", params={"n": "x"})

    assert answer.status_code == 422
    assert answer.json()["faults"][0]["place"] == "query.n"


def test_a_service_without_an_api_admits_no_machine(machine: httpx.Client) -> None:
    answer = machine.get("/v1/who", headers={"authorization": "Bearer x"})

    assert answer.status_code == 404
    assert answer.json()["code"] == "web.no_api"


def test_a_stranger_posting_a_form_is_refused(machine: httpx.Client) -> None:
    answer = machine.post("/auth/logout", headers={"accept": "text/html"})

    assert answer.status_code == 401


def test_a_cancelled_login_says_so(machine: httpx.Client) -> None:
    query = {"error": "access_denied"}
    headers = {"accept": "text/html"}

    answer = machine.get("/auth/callback", params=query, headers=headers)

    assert answer.status_code == 401
    assert "identity.login_cancelled" in answer.text

"""Two web processes over one database: who works in both is signed out by neither."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier

import embedded
import httpx
import node_site_lab
import province_lab
import pytest
import web_lab
from pace import PATIENCE_S

from kuwei_shared.identity.renewal import CONFIRM_AFTER
from kuwei_shared.kernel.clock import SetClock

pytestmark = pytest.mark.integration

AT_ONCE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """The addresses of two processes of one service, and who works there."""

    urls: tuple[str, str]
    username: str
    path: str
    clock: SetClock

    def get(self, number: int, cookies: httpx.Cookies) -> httpx.Response:
        address = f"{self.urls[number]}{self.path}"
        plain = {"accept": "text/html"}
        with httpx.Client(
            cookies=cookies, headers=plain, trust_env=False, timeout=PATIENCE_S
        ) as client:
            return client.get(address)

    def at_once(self, cookies: httpx.Cookies) -> list[httpx.Response]:
        """Ask both for a page at one moment, as a browser with tabs would."""
        all_here = Barrier(AT_ONCE)

        def request(number: int) -> httpx.Response:
            all_here.wait(PATIENCE_S)
            return self.get(number % 2, cookies)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(request, range(AT_ONCE)))

    def signed_in(self) -> httpx.Cookies:
        with httpx.Client(
            base_url=self.urls[0],
            headers={"accept": "text/html"},
            follow_redirects=True,
            trust_env=False,
            timeout=PATIENCE_S,
        ) as browser:
            web_lab.sign_in(browser, self.username, "/")
            return browser.cookies


def hubs(
    stack: ExitStack,
    postgres: embedded.Postgres,
    folder: Path,
    twins: Twins,
    **given: str,
) -> None:
    database = web_lab.hub_database(postgres, "hub_twice")
    first, _ = (
        stack.enter_context(
            web_lab.served_hub(database, folder, twins.clock, web_url=url, **given)
        )
        for url in twins.urls
    )
    with first.unit_of_work.begin() as session:
        first.territory.register(session, province_lab.jurisdictions())


def nodes(
    stack: ExitStack,
    postgres: embedded.Postgres,
    folder: Path,
    twins: Twins,
    **given: str,
) -> None:
    database = node_site_lab.county_database(postgres, "node_twice")
    for url in twins.urls:
        serving = node_site_lab.trusting_node(
            database, folder, twins.clock, web_url=url, **given
        )
        stack.enter_context(serving)


SERVICES = {
    "hub": (hubs, "province-auditor", "/audit"),
    "node": (nodes, node_site_lab.AUDITOR, "/audit"),
}


@pytest.fixture(scope="module", params=SERVICES)
def twins(
    request: pytest.FixtureRequest,
    postgres: embedded.Postgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Twins]:
    serve, username, path = SERVICES[request.param]
    ports = [embedded.free_port() for _ in range(3)]
    first, second, issuer = (f"http://127.0.0.1:{port}" for port in ports)
    found = Twins(urls=(first, second), username=username, path=path, clock=SetClock())
    app = web_lab.issuer(web_lab.realm(first), issuer, found.clock)
    with ExitStack() as stack:
        stack.enter_context(web_lab.served(app, ports[2]))
        folder = tmp_path_factory.mktemp(request.param)
        serve(stack, postgres, folder, found, issuer=issuer)
        yield found


def test_both_are_asked_at_the_moment_of_renewal(twins: Twins) -> None:
    cookies = twins.signed_in()
    before = token(cookies)
    twins.clock.advance(CONFIRM_AFTER)

    answers = twins.at_once(cookies)

    assert [answer.status_code for answer in answers] == [200] * AT_ONCE
    assert before not in {token(answer.cookies) for answer in answers}


def test_one_goes_on_with_what_the_other_renewed(twins: Twins) -> None:
    cookies = twins.signed_in()
    statuses = []
    for number in (1, 0, 1, 0):
        twins.clock.advance(CONFIRM_AFTER)
        answer = twins.get(number, cookies)
        cookies.update(answer.cookies)
        statuses.append(answer.status_code)

    assert statuses == [200] * 4


def test_a_browser_that_missed_the_answer_is_given_it_by_the_other(
    twins: Twins,
) -> None:
    cookies = twins.signed_in()
    twins.clock.advance(CONFIRM_AFTER)
    twins.get(0, cookies)

    answer = twins.get(1, cookies)

    assert answer.status_code == httpx.codes.OK
    twins.clock.advance(CONFIRM_AFTER)
    assert twins.get(0, answer.cookies).status_code == httpx.codes.OK


def token(cookies: httpx.Cookies) -> str:
    """Return the sealed refresh token a browser holds."""
    (found,) = (one.value for one in cookies.jar if one.name.endswith("-token"))
    assert found is not None
    return found

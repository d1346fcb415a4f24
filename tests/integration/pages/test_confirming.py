"""Posts are asked for again while somebody works; nobody keeps a withdrawn one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import embedded
import httpx
import province_lab
import pytest
import web_lab
from pace import PATIENCE_S
from sqlalchemy import create_engine

from kuwei_hub import schema
from kuwei_shared.db import row_security
from kuwei_shared.identity.renewal import CONFIRM_AFTER
from kuwei_shared.kernel.clock import SetClock

pytestmark = pytest.mark.integration
AUDITOR = "province-auditor"


@pytest.fixture(scope="module")
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(scope="module")
def late(
    postgres: embedded.Postgres,
    tmp_path_factory: pytest.TempPathFactory,
    clock: SetClock,
) -> Iterator[web_lab.Site]:
    """A hub with its territory and nothing else, whose time a test moves."""
    url = postgres.create("hub_confirming")
    engine = create_engine(url)
    schema.metadata().create_all(engine)
    with engine.begin() as connection:
        for statement in row_security.role_ddl(web_lab.ROLE):
            connection.exec_driver_sql(statement)
    engine.dispose()
    with web_lab.hub_site(url, tmp_path_factory.mktemp("hub"), clock) as found:
        with found.hub.unit_of_work.begin() as session:
            found.hub.territory.register(session, province_lab.jurisdictions())
        yield found


@pytest.fixture
def site(late: web_lab.Site) -> Iterator[web_lab.Site]:
    """The hub with every account as the realm file has it."""
    before = list(late.realm.users)
    yield late
    late.realm.users[:] = before


def give(site: web_lab.Site, username: str, *posts: str) -> None:
    """Give an account other posts, as an administrator would."""
    site.realm.users[:] = [
        user.model_copy(update={"roles": list(posts)})
        if user.username == username
        else user
        for user in site.realm.users
    ]


def test_a_withdrawn_post_is_gone_in_minutes(
    site: web_lab.Site, clock: SetClock
) -> None:
    with site.signed_in(AUDITOR) as browser:
        give(site, AUDITOR, "monitor")
        before = browser.get("/audit")
        clock.advance(CONFIRM_AFTER)
        after = browser.get("/audit")

    assert (before.status_code, after.status_code) == (200, 403)


def test_a_closed_account_is_out_in_minutes(
    site: web_lab.Site, clock: SetClock
) -> None:
    with site.signed_in(AUDITOR) as browser:
        users = [user for user in site.realm.users if user.username != AUDITOR]
        site.realm.users[:] = users
        clock.advance(CONFIRM_AFTER)
        page = browser.get("/audit")

    assert "请选择岗位" in page.text


def test_who_keeps_the_post_notices_nothing(
    site: web_lab.Site, clock: SetClock
) -> None:
    with site.signed_in(AUDITOR) as browser:
        answers = []
        for _ in range(4):
            clock.advance(CONFIRM_AFTER)
            answers.append(browser.get("/audit").status_code)

    assert answers == [200] * 4


def test_requests_at_once_are_all_answered(site: web_lab.Site, clock: SetClock) -> None:
    with site.signed_in(AUDITOR) as browser:
        clock.advance(CONFIRM_AFTER)
        cookies = "; ".join(f"{c.name}={c.value}" for c in browser.cookies.jar)

    def request(_: int) -> int:
        headers = {"accept": "text/html", "cookie": cookies}
        address = f"{site.url}/audit"
        answer = httpx.get(
            address, headers=headers, trust_env=False, timeout=PATIENCE_S
        )
        return answer.status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(request, range(4))) == [200] * 4


def test_signing_out_while_confirming_forgets_everything(
    site: web_lab.Site, clock: SetClock
) -> None:
    with site.browser() as browser:
        page = web_lab.sign_in(browser, AUDITOR, "/audit")
        clock.advance(CONFIRM_AFTER)
        form = {"csrf_token": web_lab.csrf_token(page)}
        browser.post("/auth/logout", data=form, follow_redirects=False)

        left = {cookie.name for cookie in browser.cookies.jar}

    assert left.isdisjoint({"kuwei-hub", "kuwei-hub-token"})

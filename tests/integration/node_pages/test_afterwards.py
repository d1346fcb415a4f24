"""Money that had moved before it was screened: no page says it was let through."""

import node_site_lab
import pytest
import web_lab
from node_site_lab import MONITOR, STEWARD, held_payment

pytestmark = pytest.mark.integration

SHEET = (
    "支付主键,支付环节,记录性质,财政区划代码,预算年度,业务日期,预算单位代码,支付金额,"
    "制单人代码,复核人代码\n"
    "Z-both,voucher,normal,450102000,2026,2026-04-01,103001,120.50,u1,u1\n"
)


@pytest.fixture(scope="module")
def imported(site: node_site_lab.NodeSite) -> None:
    """A file with a payment a rule would have held; another that came in time."""
    with site.signed_in(STEWARD) as browser:
        token = web_lab.csrf_token(browser.get("/"))
        browser.post(
            "/imports",
            data={"csrf_token": token, "profile": "standard"},
            files={"file": ("四月.csv", SHEET.encode(), "text/csv")},
        )
    site.run_imports()
    site.screen(held_payment("Z-direct"))


def see(site: node_site_lab.NodeSite, path: str) -> str:
    with site.signed_in(MONITOR) as browser:
        return browser.get(path).text


@pytest.mark.usefixtures("imported")
def test_an_imported_payment_says_what_should_have_become_of_it(
    site: node_site_lab.NodeSite,
) -> None:
    page = see(site, f"/payments/{site.seq_of('Z-both')}")

    assert "事后审核，未拦截" in page
    assert "按规则本应暂缓" in page
    assert "按规则应暂缓" in page
    assert "据此暂缓" not in page
    assert "通过</span>" not in page


@pytest.mark.usefixtures("imported")
def test_the_list_tells_imported_payments_from_those_let_through(
    site: node_site_lab.NodeSite,
) -> None:
    after = see(site, "/payments?number=Z-&decision=afterwards")
    passed = see(site, "/payments?number=Z-&decision=pass")
    held = see(site, "/payments?number=Z-&decision=hold")

    assert "应暂缓，未拦截" in after
    assert "Z-direct" not in after
    assert "Z-direct" in held
    assert "Z-both" not in passed + held


@pytest.mark.usefixtures("imported")
def test_an_export_says_the_same(site: node_site_lab.NodeSite) -> None:
    sheet = see(site, "/payments/export.csv?number=Z-both")

    assert "应暂缓,未拦截" in sheet

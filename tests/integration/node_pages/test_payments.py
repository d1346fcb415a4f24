import node_site_lab
import pytest
import web_lab
from node_site_lab import MONITOR, REVIEWER, STEWARD, STRANGER, held_payment

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def payments(site: node_site_lab.NodeSite) -> None:
    site.screen(
        held_payment("P-small", pay_amt="12.00", checker_code="u1"),
        held_payment("P-large", pay_amt="23000000.00", vou_date="2026-03-09"),
        held_payment("P-town", mof_div_code="450102101", agency_code="901001"),
    )


def found(site: node_site_lab.NodeSite, **filters: str) -> str:
    with site.signed_in(MONITOR) as browser:
        return browser.get("/payments", params=filters).text


@pytest.mark.usefixtures("payments")
@pytest.mark.parametrize(
    "filters",
    [
        {"number": "P-la"},
        {"least": "20,000,000", "most": "30000000"},
        {"since": "2026-03-09", "until": "2026-03-09"},
        {"rule": "GX-U10"},
        {"decision": "hold", "number": "P-large"},
        {"payee": "百货", "number": "P-large", "unit": "101", "stage": "voucher"},
    ],
)
def test_a_payment_is_found_by_what_is_known_of_it(
    site: node_site_lab.NodeSite, filters: dict[str, str]
) -> None:
    text = found(site, **filters)

    assert "P-large" in text
    assert "P-small" not in text


@pytest.mark.usefixtures("payments")
def test_payments_sort_by_amount(site: node_site_lab.NodeSite) -> None:
    rising, falling = (
        found(site, number="P-", sort=sort) for sort in ("pay_amt", "-pay_amt")
    )

    assert rising.index("P-small") < rising.index("P-large")
    assert falling.index("P-large") < falling.index("P-small")


@pytest.mark.parametrize("filters", [{"since": "昨天"}, {"least": "很多"}])
def test_a_filter_that_cannot_be_read_is_explained(
    site: node_site_lab.NodeSite, filters: dict[str, str]
) -> None:
    text = found(site, **filters)

    assert "table.bad_filter" in text


@pytest.mark.usefixtures("payments")
def test_the_page_says_what_every_rule_found_and_why(
    site: node_site_lab.NodeSite,
) -> None:
    with site.signed_in(REVIEWER) as browser:
        page = browser.get(f"/payments/{site.seq_of('P-large')}").text

    assert "单笔支付 23,000,000.00 元" in page
    assert "第九条(一)第10项" in page or "第九条(一)10" in page
    assert "大额标准" in page
    assert "无法判定的规则" in page
    assert "据此暂缓" in page


@pytest.mark.usefixtures("payments")
def test_screening_again_under_the_same_release_finds_the_same(
    site: node_site_lab.NodeSite,
) -> None:
    path = f"/payments/{site.seq_of('P-large')}"

    with site.signed_in(REVIEWER) as browser:
        token = web_lab.csrf_token(browser.get(path))
        again = browser.post(f"{path}/rescreen", data={"csrf_token": token}).text

    assert "与当时完全一致" in again


@pytest.mark.usefixtures("payments")
def test_a_payment_outside_the_scope_does_not_exist(
    site: node_site_lab.NodeSite,
) -> None:
    with site.signed_in(STRANGER) as browser:
        page = browser.get(f"/payments/{site.seq_of('P-large')}")
        listing = browser.get("/payments").text

    assert page.status_code == 404
    assert "P-large" not in listing


@pytest.mark.usefixtures("payments")
def test_an_export_holds_what_the_filter_shows(site: node_site_lab.NodeSite) -> None:
    with site.signed_in(REVIEWER) as browser:
        sheet = browser.get("/payments/export.csv", params={"number": "P-large"})

    lines = sheet.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert "23000000.00" in lines[1]


def test_posts_without_the_right_do_not_export(site: node_site_lab.NodeSite) -> None:
    with site.signed_in(STEWARD) as browser:
        answer = browser.get("/payments/export.csv")
        listing = browser.get("/payments").text

    assert answer.status_code == 403
    assert "export.csv" not in listing

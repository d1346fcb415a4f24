import re

import pytest
import web_lab
from province_lab import CATALOGUE

from kuwei_hub.catalogue.routes import FAMILIES

pytestmark = pytest.mark.integration


def test_the_overview_shows_the_whole_province_to_its_leader(
    site: web_lab.Site,
) -> None:
    with site.signed_in("province-leader") as browser:
        page = browser.get("/").text

    assert "59,136" in page
    assert "桂林市本级" in page
    assert "待审批" in page


def test_the_overview_lists_a_level_and_what_was_opened(site: web_lab.Site) -> None:
    opened = {"open": ["450100000", "450102000"]}
    with site.signed_in("province-leader") as browser:
        page = browser.get("/").text
        wider = browser.get("/", params=opened).text

    assert "兴宁区" not in page
    assert 'aria-label="南宁市本级的 1 个下级区划"' in page
    assert "由县级承载" in wider
    assert "三塘镇" in wider
    assert "叠彩区" not in wider


def test_opening_a_row_asks_for_the_tree_alone(site: web_lab.Site) -> None:
    with site.signed_in("province-leader") as browser:
        fragment = browser.get(
            "/", params={"open": "450100000"}, headers={"hx-request": "true"}
        ).text

    assert fragment.lstrip().startswith('<div id="tree-rows"')
    assert "兴宁区" in fragment
    assert "data-chart" not in fragment


def test_nobody_opens_what_they_may_not_see(site: web_lab.Site) -> None:
    with site.signed_in("450300-monitor") as browser:
        page = browser.get("/", params={"open": "450100000"}).text

    assert "叠彩区" in page
    assert "兴宁区" not in page


def test_a_city_sees_its_own_figures_only(site: web_lab.Site) -> None:
    with site.signed_in("450300-monitor") as browser:
        page = browser.get("/").text

    assert "12,320" in page
    assert "南宁市本级" not in page


def test_charts_carry_their_data_and_its_table(site: web_lab.Site) -> None:
    with site.signed_in("province-leader") as browser:
        page = browser.get("/").text

    assert page.count("data-chart=") == 4
    assert "GX-U10 大额支付" in page


def test_a_year_without_figures_says_so(site: web_lab.Site) -> None:
    with site.signed_in("province-leader") as browser:
        page = browser.get("/", params={"year": 2024}).text

    assert page.count("尚无数据") == 4


def test_a_province_managed_county_shows_both_parents(site: web_lab.Site) -> None:
    with site.signed_in("province-monitor") as browser:
        page = browser.get("/territory/450181000").text

    assert "省直管" in page
    assert "/territory/450000000" in page
    assert "/territory/450100000" in page


def test_a_hosted_township_names_its_host(site: web_lab.Site) -> None:
    with site.signed_in("province-monitor") as browser:
        page = browser.get("/territory/450102101").text

    assert "兴宁区" in page
    assert "推送记录" not in page


def test_an_unknown_jurisdiction_is_refused_like_a_foreign_one(
    site: web_lab.Site,
) -> None:
    with site.signed_in("province-monitor") as browser:
        answer = browser.get("/territory/999999999")

    assert answer.status_code == 403
    assert "总览" in answer.text, "a refusal keeps the navigation"


def test_the_catalogue_is_searched_and_filtered(site: web_lab.Site) -> None:
    with site.signed_in("province-monitor") as browser:
        found = browser.get("/catalogue", params={"words": "大额支付"}).text
        none = browser.get("/catalogue", params={"words": "没有这种规则"}).text

    assert "/catalogue/GX-U10" in found
    assert "/catalogue/GX-U01" not in found
    assert "没有符合条件的规则" in none


def test_a_rules_page_reads_it_aloud(site: web_lab.Site) -> None:
    with site.signed_in("province-monitor") as browser:
        page = browser.get("/catalogue/GX-U10").text

    assert "【支付金额】达到或超过" in page
    assert "GX-9.1.10" in page
    assert "恰为两千万元" in page
    assert "只可调低" in page
    assert "桂林市本级" in page


def test_a_rule_hits_only_where_the_caller_may_look(site: web_lab.Site) -> None:
    with site.signed_in("450100-monitor") as browser:
        page = browser.get("/catalogue/GX-U10").text

    assert "南宁市本级" in page
    assert "桂林市本级" not in page


def test_a_rule_that_does_not_exist_is_missing(site: web_lab.Site) -> None:
    with site.signed_in("province-monitor") as browser:
        answer = browser.get("/catalogue/GX-U999")

    assert answer.status_code == 404


def test_releases_and_their_two_signers_are_listed(site: web_lab.Site) -> None:
    with site.signed_in("province-monitor") as browser:
        page = browser.get("/releases").text

    assert "规则起草岗" in page
    assert "规则审批岗" in page


def test_the_rollout_says_why_a_node_failed(site: web_lab.Site) -> None:
    with site.signed_in("province-monitor") as browser:
        page = browser.get("/releases/rollout").text
        reports = browser.get("/releases/rollout/450303000").text
        sheet = browser.get("/releases/rollout/export.csv")

    assert "在本机未得到应有结果" in page
    assert "还没有上报过" in reports
    assert "450303000" in sheet.content.decode("utf-8-sig")


def test_the_catalogue_is_exported_whole(site: web_lab.Site) -> None:
    with site.signed_in("province-assessor") as browser:
        sheet = browser.get("/catalogue/export.csv").content.decode("utf-8-sig")
        pages = browser.get("/catalogue", params={"size": 20}).text

    assert "GX-U10" in sheet
    assert "下一页" in pages


def test_a_row_with_others_below_it_shows_both_what_is_its_own_and_all(
    site: web_lab.Site,
) -> None:
    with site.signed_in("province-leader") as browser:
        page = browser.get("/territory/450100000").text

    rows = re.findall(r"<tr class.*?</tr>", page, re.DOTALL)
    own, whole = (re.sub(r"<[^>]+>|\s+", " ", one).split() for one in rows[:2])
    assert "本级" in own
    assert "14,784" in own
    assert " ".join(whole[:10]) == "含下级 接入 2 / 2 生效 2 / 2 24,640"


@pytest.mark.parametrize(
    ("asked", "label", "payments"),
    [({}, "含下级", "24,640"), ({"of": "own"}, "仅本级", "14,784")],
)
def test_a_jurisdiction_says_whether_those_below_it_are_counted(
    site: web_lab.Site, asked: dict[str, str], label: str, payments: str
) -> None:
    with site.signed_in("province-leader") as browser:
        page = browser.get("/territory/450100000", params=asked).text

    [chosen] = re.findall(r'aria-current="true">([^<\d]+)</a>', page)
    tiles = page.split('class="tiles"')[1].split("</dl>")[0]
    assert chosen == label
    assert re.search(rf"支付笔数\D+{payments}\b", tiles)
    assert ("节点接入" in tiles) is (label == "含下级")


def test_places_are_listed_by_any_figure_and_exported(site: web_lab.Site) -> None:
    asked = {"sort": "-payments", "level": "city"}
    with site.signed_in("province-monitor") as browser:
        page = browser.get("/figures", params=asked).text
        sheet = browser.get("/figures/export.csv", params=asked).content

    cells = re.findall(r'<td class="figure">([\d,]+)</td>', page)[::9]
    payments = [int(one.replace(",", "")) for one in cells]
    assert payments == sorted(payments, reverse=True)
    assert 14_784 in payments
    lines = sheet.decode("utf-8-sig").splitlines()
    assert lines[0].startswith(
        "区划代码,名称,级次,支付笔数,支付金额(元),审核笔次,覆盖率(%)"
    )
    assert len(lines) == len(payments) + 2
    assert all("市级" in line for line in lines[1:-1])


def test_a_city_lists_its_own_places_alone(site: web_lab.Site) -> None:
    with site.signed_in("450100-monitor") as browser:
        page = browser.get("/figures").text

    assert "450102000" in page
    assert "450303000" not in page


def test_a_row_with_nothing_below_it_has_no_second_row(site: web_lab.Site) -> None:
    with site.signed_in("province-leader") as browser:
        page = browser.get("/territory/450181000").text

    assert "含下级" not in page


def test_families_of_rules_are_offered_by_their_chinese_names(
    site: web_lab.Site,
) -> None:
    folders = {one.name for one in (CATALOGUE / "rules").iterdir() if one.is_dir()}

    with site.signed_in("province-monitor") as browser:
        page = browser.get("/catalogue").text

    assert set(FAMILIES) == folders
    assert all(f">{title}</option>" in page for title in FAMILIES.values())


def test_codes_in_examples_are_said_in_chinese(site: web_lab.Site) -> None:
    with site.signed_in("province-monitor") as browser:
        page = browser.get("/catalogue/GX-U10").text

    assert "记录性质:退款" in page

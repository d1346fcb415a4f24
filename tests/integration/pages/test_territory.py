import datetime as dt
from dataclasses import replace

import province_lab
import pytest
import web_lab

from kuwei_hub.territory.domain import Jurisdiction, Unfolding
from kuwei_shared.identity import scope
from kuwei_shared.kernel.errors import KuweiError

pytestmark = pytest.mark.integration


def test_a_parent_that_comes_after_its_child_is_refused(site: web_lab.Site) -> None:
    upside_down = list(reversed(province_lab.jurisdictions()))

    with (
        pytest.raises(KuweiError) as refusal,
        site.hub.unit_of_work.begin() as session,
    ):
        site.hub.territory.register(session, upside_down)

    assert refusal.value.code == "territory.circle"


def test_loading_the_same_territory_twice_changes_nothing(site: web_lab.Site) -> None:
    with site.hub.unit_of_work.begin() as session:
        site.hub.territory.register(session, province_lab.jurisdictions())
        everything = Unfolding()
        found = site.hub.territory.outline(session, scope.of_service(), everything)

    assert len(found.whole) == 8


def test_an_unknown_code_is_missing_to_the_service_itself(site: web_lab.Site) -> None:
    with (
        pytest.raises(KuweiError) as refusal,
        site.hub.unit_of_work.begin() as session,
    ):
        site.hub.territory.find(session, scope.of_service(), "999999999")

    assert refusal.value.code == "territory.unknown"


def test_a_jurisdiction_lives_from_its_first_day_to_the_day_before_its_end() -> None:
    one: Jurisdiction = replace(
        province_lab.jurisdictions()[3], closed_on=dt.date(2026, 7, 1)
    )

    assert one.is_open(dt.date(2026, 6, 30))
    assert not one.is_open(dt.date(2026, 7, 1))
    assert not one.is_open(dt.date(2011, 12, 31))

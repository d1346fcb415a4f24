"""Which division a hub belongs to."""

from __future__ import annotations

import province_lab
import pytest
from sqlalchemy.orm import Session

from kuwei_hub.territory.service import Territory
from kuwei_shared.kernel.errors import KuweiError

pytestmark = pytest.mark.integration


def test_a_hub_is_its_provinces(session: Session) -> None:
    territory = Territory()
    territory.register(session, province_lab.jurisdictions())

    assert territory.province(session) == province_lab.PROVINCE


def test_a_hub_without_a_territory_says_how_to_load_one(session: Session) -> None:
    with pytest.raises(KuweiError, match="load-territory") as caught:
        Territory().province(session)

    assert caught.value.code == "territory.none"

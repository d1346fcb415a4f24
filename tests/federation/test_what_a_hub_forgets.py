"""A hub deletes the answers about sessions by itself, over a quiet weekend too."""

from __future__ import annotations

import datetime as dt

import federation_lab as lab
import pytest
from pace import wait_until
from sqlalchemy import text

pytestmark = pytest.mark.federation

ANSWER = text("INSERT INTO session_renewal VALUES (:digest, :at, 'sealed', :until)")


def test_a_sealed_answer_whose_time_is_over_goes_though_nobody_signs_in(
    province: lab.Province,
) -> None:
    now = province.clock.now()
    keep(province, b"over", until=now)
    keep(province, b"not yet", until=now + dt.timedelta(seconds=1))

    province.restart()

    wait_until(lambda: kept(province) == [b"not yet"], "the answer is deleted")


def keep(province: lab.Province, digest: bytes, until: dt.datetime) -> None:
    with province.hub.unit_of_work.begin() as session:
        session.execute(ANSWER, {"digest": digest, "at": until, "until": until})


def kept(province: lab.Province) -> list[bytes]:
    with province.hub.unit_of_work.begin() as session:
        found = session.scalars(text("SELECT digest FROM session_renewal"))
        return [bytes(one) for one in found]

"""The demonstration province's territory, for tests of hub pages."""

from __future__ import annotations

import datetime as dt

from kuwei_hub.territory.domain import Jurisdiction, Level

PROVINCE = "450000000"
NANNING = "450100000"
GUILIN = "450300000"
XINGNING = "450102000"
DIECAI = "450303000"
HENGZHOU = "450181000"

_ROWS = (
    (PROVINCE, "广西壮族自治区本级", Level.PROVINCE, None, None, None),
    (NANNING, "南宁市本级", Level.CITY, PROVINCE, PROVINCE, None),
    (GUILIN, "桂林市本级", Level.CITY, PROVINCE, PROVINCE, None),
    (XINGNING, "兴宁区", Level.COUNTY, NANNING, NANNING, None),
    (DIECAI, "叠彩区", Level.COUNTY, GUILIN, GUILIN, None),
    (HENGZHOU, "横州市", Level.COUNTY, PROVINCE, NANNING, None),
    ("450102101", "三塘镇", Level.TOWNSHIP, XINGNING, XINGNING, XINGNING),
    ("450102102", "五塘镇", Level.TOWNSHIP, XINGNING, XINGNING, XINGNING),
)


def jurisdictions() -> list[Jurisdiction]:
    """Return the eight jurisdictions, parents first."""
    return [
        Jurisdiction(
            mof_div_code=code,
            name=name,
            level=level,
            fiscal_parent=fiscal,
            administrative_parent=administrative,
            host=host,
            opened_on=dt.date(2012, 1, 1),
        )
        for code, name, level, fiscal, administrative, host in _ROWS
    ]

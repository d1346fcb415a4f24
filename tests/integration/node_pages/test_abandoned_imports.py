"""An import typed at the command line whose process is gone."""

from __future__ import annotations

from pathlib import Path

import node_site_lab
import pytest
from node_site_lab import STEWARD

from kuwei_node.intake.adapters import files

pytestmark = pytest.mark.integration


def test_an_import_nobody_is_at_says_how_it_goes_on(
    site: node_site_lab.NodeSite, tmp_path: Path
) -> None:
    number = left(site, tmp_path / "八月支付.csv")

    with site.signed_in(STEWARD) as browser:
        page, listing = (
            browser.get(path).text for path in (f"/imports/{number}", "/imports")
        )

    assert "再次导入同一文件即可续传" in page
    assert "hx-trigger" not in page
    assert "已中断" in listing


def left(site: node_site_lab.NodeSite, file: Path) -> int:
    """Begin an import and leave it."""
    file.write_text("支付主键\n1\n", "utf-8")
    with site.node.unit_of_work.begin() as session:
        number = site.node.intake.start_import(
            session,
            profile="standard",
            files=[files.hand_in(file)],
            divisions=["450102000"],
            by="数据管理岗",
        )
        site.node.intake.take_up(session, number)
    return number

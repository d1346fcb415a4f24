"""Where the folder of real payments is, and the tests that need it skip without."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT.parent / "shared" / "data"

needs_real_payments = pytest.mark.skipif(
    not FOLDER.is_dir(),
    reason="the folder of real payments (../shared/data) is not beside the project",
)
HIMACHAL = FOLDER / "himachal-treasury" / "expenditure"
NORTH_TYNESIDE = FOLDER / "uk-councils" / "northtyneside"
CALDERDALE = FOLDER / "uk-councils" / "calderdale"
US_CARDS = FOLDER / "us-purchasing-cards" / "purchasing.cards.2010.csv"

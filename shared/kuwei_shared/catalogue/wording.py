"""Values as pages show them to people who know the treasury, not our codes."""

from __future__ import annotations

import re
from typing import Final

from kuwei_shared.rules.explain import written
from kuwei_shared.rules.vocabulary import Vocabulary

OURS: Final = re.compile(r"[a-z_]+")
"""A code made up here; the ministry's are digits and stay beside their meaning."""


def said(name: str, value: object, vocabulary: Vocabulary) -> str:
    """Write the value of a vocabulary name: ``公务卡(7)``, but ``正常``."""
    text = written(name, value, vocabulary)
    code = str(value)
    return text.removesuffix(f"({code})") if OURS.fullmatch(code) else text

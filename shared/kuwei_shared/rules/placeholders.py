"""Where an explanation takes values: ``{name}``."""

from __future__ import annotations

import re

PLACEHOLDER = re.compile(r"\{([a-z0-9_.]+)\}")


def placeholders(text: str) -> tuple[str, ...]:
    """Return the names an explanation wants, each once."""
    return tuple(dict.fromkeys(PLACEHOLDER.findall(text)))

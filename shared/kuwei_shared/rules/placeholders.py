"""Where an explanation takes values: ``{name}``, and what it says only at times.

``[…]`` is said when every value in it is known, ``[-…]`` when none is; the latter
names its values without showing them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

PLACEHOLDER = re.compile(r"\{([a-z0-9_.]+)\}")
ASIDE = re.compile(r"\[(-?)([^\[\]]*)\]")


def placeholders(text: str) -> tuple[str, ...]:
    """Return the names an explanation wants, each once."""
    return tuple(dict.fromkeys(PLACEHOLDER.findall(text)))


def filled(text: str, known: Callable[[str], bool], say: Callable[[str], str]) -> str:
    """Return an explanation with its values.

    Args:
        text: the explanation as drafted.
        known: whether a name has a value.
        say: name → its value in words.
    """

    def chosen(aside: re.Match[str]) -> str:
        names = PLACEHOLDER.findall(aside[2])
        if aside[1]:
            missing = not any(known(name) for name in names)
            return PLACEHOLDER.sub("", aside[2]) if missing else ""
        return aside[2] if all(known(name) for name in names) else ""

    return PLACEHOLDER.sub(lambda it: say(it[1]), ASIDE.sub(chosen, text))


def outlined(text: str, label: Callable[[str], str]) -> str:
    """Return an explanation as a form: labels for values, asides with their case."""

    def case(aside: re.Match[str]) -> str:
        when = "缺" if aside[1] else "有"
        names = "、".join(label(name) for name in PLACEHOLDER.findall(aside[2]))
        body = PLACEHOLDER.sub("", aside[2]) if aside[1] else aside[2]
        return f"({when}{names}时:{body})"

    return PLACEHOLDER.sub(lambda it: f"【{label(it[1])}】", ASIDE.sub(case, text))

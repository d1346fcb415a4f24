"""Which jurisdiction shall run which release: the director's one document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from kuwei_shared.kernel.errors import KuweiError


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What the hub wants one node to run.

    Attributes:
        version: the release; it must be approved by the targets role as well.
        paused: keep what is active, take nothing new.
        ring: which ring of a rollout put it here; rings decide nothing at a node.
    """

    version: str
    paused: bool = False
    ring: str | None = None


def write_rollout(assignments: Mapping[str, Assignment]) -> bytes:
    """Return the document that names every assigned jurisdiction."""
    nodes = {
        code: {"version": a.version, "paused": a.paused, "ring": a.ring}
        for code, a in sorted(assignments.items())
    }
    return json.dumps({"nodes": nodes}, ensure_ascii=False, indent=1).encode()


def parse_rollout(data: bytes, code: str) -> Assignment | None:
    """Return one node's entry, None when it has none.

    Raises:
        KuweiError: ``release.malformed``.
    """
    try:
        entry = json.loads(data)["nodes"].get(code)
        if entry is None:
            return None
        ring = entry.get("ring")
        return Assignment(
            version=str(entry["version"]),
            paused=entry["paused"] is True,
            ring=None if ring is None else str(ring),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KuweiError("release.malformed", "发布安排文件不合格式。") from error

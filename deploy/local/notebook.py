"""What the demo remembers between starts: which one-time work is done."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Notebook:
    """Names and short values in a small file, written whole at each change."""

    path: Path
    _values: dict[str, str] = field(default_factory=dict)
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if self.path.exists():
            self._values = json.loads(self.path.read_text())

    def get(self, name: str) -> str | None:
        """Return what was written under a name."""
        return self._values.get(name)

    def put(self, name: str, value: str) -> None:
        """Write a value so that a crash leaves the old file or the new one."""
        with self._writing:
            self._values[name] = value
            fresh = self.path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(self._values, ensure_ascii=False, indent=1))
            fresh.replace(self.path)

"""kuwei-rules run on a folder, and a folder to spoil."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from kuwei_shared.catalogue.cli import commands
from kuwei_shared.kernel.errors import KuweiError

RULE = "rules/gx/GX-U10.yaml"


def run(folder: Path, *words: str) -> Result:
    """Run a verb on a catalogue."""
    command, *rest = words
    arguments = [command, "--catalogue", str(folder), *rest]
    return CliRunner().invoke(commands, arguments)


def refused(folder: Path, *words: str) -> KuweiError:
    """Run a verb that must refuse; return the refusal."""
    error = run(folder, *words).exception
    assert isinstance(error, KuweiError), error
    return error


def spoil(folder: Path, old: str, new: str, path: str = RULE) -> None:
    """Replace the first occurrence of a text in a file."""
    place = folder / path
    text = place.read_text()
    assert old in text, f"nothing to spoil: {old}"
    place.write_text(text.replace(old, new, 1))

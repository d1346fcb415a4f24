"""``generate`` as it is asked for: looked at before a file is written."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.sample.cli import generate as command
from kuwei_shared.sample.places import choose

PROGRAM = "kuwei-node generate"
_NODE = re.compile(r"[0-9]{9}")


def run(args: Sequence[str]) -> None:
    """Generate a province as a command line asks.

    Raises:
        KuweiError: ``sample.seed``; ``sample.folder`` if nodes of another province
            would stay beside it; ``sample.file`` if it cannot be written.
    """
    try:
        with command.make_context(PROGRAM, list(args)) as context:
            asked = context.params
            _look(asked["seed"], asked["nodes"], asked["out"])
            command.invoke(context)
    except click.exceptions.Exit as left:
        sys.exit(left.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except OSError as error:
        what = error.filename or "样本文件"
        raise KuweiError(
            "sample.file",
            f"写不了 {what}:{error.strerror or error};"
            "用 --out 换一个能写的目录,并看磁盘余量。",
        ) from error


def _look(seed: int, nodes: int, out: Path) -> None:
    if seed < 0:
        raise KuweiError("sample.seed", f"随机种子不能是 {seed};--seed 写 0 或正整数。")
    written = {place.code for place in choose(nodes)}
    there = out.iterdir() if out.is_dir() else ()
    left = sorted(
        one.name
        for one in there
        if one.is_dir() and _NODE.fullmatch(one.name) and one.name not in written
    )
    if left:
        raise KuweiError(
            "sample.folder",
            f"{out} 中有这次不会写的节点目录 {'、'.join(left)},是以前的样本;"
            "先删去它们,或用 --out 换一个目录。",
            kind=Kind.CONFLICT,
        )

"""The command that says how good the rules are on labelled payments."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kuwei_shared.catalogue.loading import load
from kuwei_shared.evaluation.score import MEMORY, Case, Score, evaluate
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.model import Catalogue

_HEADS = (
    *("规则", "标题", "标注", "找到", "漏报", "有掩饰", "缺要素", "误报"),
    *("查全率", "查准率"),
)
_VERDICTS = {"missed": "漏报", "undecided": "漏报(缺要素)", "false": "误报"}


@click.command("evaluate", help="用带标注的样本评价规则:查全、漏报、误报。")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--catalogue",
    "root",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("rules-catalog"),
    show_default=True,
    help="规则目录所在的文件夹。",
)
@click.option(
    "--least-recall",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="任一规则的查全率低于此值时退出码为 1。",
)
@click.option(
    "--show", multiple=True, metavar="RULE", help="列出这条规则的漏报和误报。"
)
@click.option("--memory", default=MEMORY, show_default=True, help="内存限额。")
def command(
    folder: Path, root: Path, least_recall: float, show: tuple[str, ...], memory: str
) -> None:
    """Print every rule's score; exit 1 when one finds too little."""
    try:
        catalogue = load(root)
        result = evaluate(folder, catalogue, memory=memory, show=frozenset(show))
    except KuweiError as error:
        raise click.ClickException(error.message) from error
    click.echo("\n".join(table(result.scores, catalogue)))
    for case in result.cases:
        click.echo(_line(case))
    poor = [one for one in result.scores if (one.recall or 0.0) < least_recall]
    poor = [one for one in poor if one.labelled]
    if poor:
        names = "、".join(one.rule_id for one in poor)
        click.echo(f"查全率低于 {_percent(least_recall)}:{names}", err=True)
        sys.exit(1)


def table(scores: tuple[Score, ...], catalogue: Catalogue) -> list[str]:
    """Return the scores as a Markdown table, the sums last."""
    lines = [
        f"| {' | '.join(_HEADS)} |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    total = Score(rule_id="合计")
    for one in scores:
        total += one
        lines.append(_row(one, catalogue.rules[one.rule_id].title))
    return [*lines, _row(total, "")]


def _row(one: Score, title: str) -> str:
    counts = [one.labelled, one.found, one.missed, one.disguised, one.undecided]
    cells = [one.rule_id, title, *(f"{count:,}" for count in (*counts, one.false))]
    cells += [_percent(one.recall), _percent(one.precision)]
    return f"| {' | '.join(cells)} |"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _line(case: Case) -> str:
    verdict = _VERDICTS[case.verdict]
    return f"{case.rule_id} {verdict}\t{case.node}\t{case.key}\t{case.moment}"

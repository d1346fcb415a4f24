"""The command that writes a generated province to a folder."""

from __future__ import annotations

from pathlib import Path

import click

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.sample.province import generate as generate_province
from kuwei_shared.sample.spec import ProvinceSpec


@click.command("generate")
@click.option("--payments", default=50_000, show_default=True, help="支付笔数")
@click.option("--seed", default=7, show_default=True, help="随机种子")
@click.option("--year", default=2026, show_default=True, help="预算年度")
@click.option("--nodes", default=6, show_default=True, help="节点数(1–126)")
@click.option(
    "--violation-rate", default=0.01, show_default=True, help="违规支付所占比例"
)
@click.option(
    "--staged-share",
    default=0.1,
    show_default=True,
    help="有申请、凭证、回单三环节的比例",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="输出目录",
)
def generate(  # noqa: PLR0917  # click calls by name
    payments: int,
    seed: int,
    year: int,
    nodes: int,
    violation_rate: float,
    staged_share: float,
    out: Path,
) -> None:
    """生成一个省的支付样本:单位、账户、指标、支付与违规标注。."""
    try:
        spec = ProvinceSpec(
            payments=payments,
            seed=seed,
            year=year,
            nodes=nodes,
            violation_rate=violation_rate,
            staged_share=staged_share,
        )
        with click.progressbar(length=payments, label="生成") as bar:
            summary = generate_province(
                spec, out, lambda done, _, __: bar.update(done - bar.pos)
            )
    except KuweiError as error:
        raise click.ClickException(error.message) from error
    for node in summary.nodes:
        click.echo(
            f"{node.code} {node.name}\t单位 {node.agencies}\t支付 {node.payments}"
            f"\t行 {node.rows}\t标注 {node.labels}"
        )
    click.echo(f"合计 支付 {summary.payments} 行 {summary.rows} → {out}")

"""The node's verbs. Each opens one transaction, calls one service, prints one line."""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
from contextlib import closing
from decimal import Decimal
from functools import partial
from pathlib import Path

import click

from kuwei_node.bootstrap import Node, build
from kuwei_node.intake.adapters import files, notice
from kuwei_node.intake.adapters.amount import Yuan
from kuwei_node.intake.domain.progress import State
from kuwei_node.intake.domain.rows import Totals
from kuwei_node.intake.service.reference_files import ReferenceFile
from kuwei_node.intake.tasks import run_import
from kuwei_node.payments import tasks as payments_tasks
from kuwei_node.reference.domain import ALWAYS_FROM
from kuwei_node.schedule.tasks import sweep
from kuwei_node.settings import Settings
from kuwei_node.uplink.domain import TUF_ROOT
from kuwei_shared.audit import terminal as audit_log
from kuwei_shared.audit.terminal import record
from kuwei_shared.identity.terminal import operator_principal
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import PageRequest
from kuwei_shared.ops import logs
from kuwei_shared.ops.arrow import reuse_freed_memory
from kuwei_shared.ops.memory import settle
from kuwei_shared.web.settings import from_environment

EXITS = {State.DONE: 0, State.PARTLY: 0, State.REFUSED: 3}
"""How an import came out → exit status; 1 for the rest (2 is a misspelt command)."""
PASS_ON = {"ignore_unknown_options": True, "allow_extra_args": True}


@click.group()
def verbs() -> None:
    """库卫监测节点 Kuwei node."""


verbs.add_command(audit_log.group(lambda: node("cli")))
verbs.add_command(payments_tasks.group(lambda: node("cli")))


@verbs.command("migrate")
def migrate() -> None:
    """更新库表 Bring the database to the newest revision."""
    # Imported here: only this verb needs Alembic.
    from kuwei_shared.db.migrate import upgrade

    built = node("migrate")
    role = built.settings.database_role
    upgrade("kuwei_node", built.unit_of_work.engine, role)
    click.echo("库表已是最新")


@verbs.command("enrol")
@click.option(
    "--token-file", required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--wait-s", default=86_400, show_default=True, help="等待批准的秒数。")
@click.option("--every-s", default=2.0, show_default=True, help="询问间隔秒数。")
def enrol(token_file: Path, wait_s: int, every_s: float) -> None:
    """申请入网 Apply under a token and wait for a second person's approval."""
    from kuwei_node.uplink.adapters.enrolment import Applicant  # no grpc before a fork

    applicant = Applicant(node("cli").identity_folder, token_file.read_text("utf-8"))
    with closing(applicant):
        click.echo(f"请与省级电话核对六个词:{applicant.apply()}")
        member = applicant.await_approval(
            wait_s=wait_s,
            every_s=every_s,
            tell=lambda away: click.echo(f"{away.code}:{away.message}", err=True),
        )
    if member is None:
        raise KuweiError(
            "enrolment.waiting",
            "尚未批准;批准后再次运行同一命令即可取得证书。",
            kind=Kind.UNAVAILABLE,
        )
    click.echo(f"已入网:{member.identity}")


@verbs.command("uplink")
def uplink() -> None:
    """连接省级 Keep the line to the hub until told to stop."""
    from kuwei_node import agent  # no grpc before a fork

    agent.run(node("uplink"))


@verbs.command("new-epoch")
@click.option("--confirm", is_flag=True, required=True, help="已核实本库由备份恢复。")
def new_epoch(*, confirm: bool) -> None:
    """启用新纪元 Begin a new epoch after restoring the database from a backup."""
    del confirm
    built = node("cli")
    with built.unit_of_work.begin() as session:
        begun = built.standing.begin_epoch(session, built.identity_folder.read())
        record(built.audit, session, "启用新纪元", f"纪元 {begun.epoch}")
        # Before the commit: an epoch may be skipped, never used twice.
        built.identity_folder.write(begun)
    click.echo(f"已启用纪元 {begun.epoch},全部统计将重新上报。")


@verbs.command("web")
def web() -> None:
    """启动网页与接口 Serve the payment interface and the pages."""
    # Imported here: a verb that serves no page starts without their libraries.
    import uvicorn

    from kuwei_node.app import create, warm_up

    built = node("web")
    host, port = built.settings.bind
    logs.configure("kuwei-node web")
    app = create(built)
    warm_up(built)
    settle()
    uvicorn.run(app, host=host, port=port, log_config=None)


@verbs.command("worker")
def worker() -> None:
    """定时任务 Run scheduled rules until told to stop."""
    # Imported here: Celery is of no use to the other verbs.
    from kuwei_node.worker import create_worker

    logs.configure("kuwei-node worker")
    reuse_freed_memory()
    built = node("worker")
    schedule = built.settings.data_dir / "beat"
    create_worker(built).worker_main(
        [
            *("worker", "--pool=solo", "--loglevel=WARNING", "--without-gossip"),
            # Workers of several nodes may share a machine and a Redis.
            f"--hostname={built.settings.queue}@%h",
            f"--schedule={schedule}",
        ]
    )


@verbs.command("sweep")
def sweep_now() -> None:
    """立即运行到期的定时规则 Run what is due, once, in this process."""
    built = node("sweep")
    done = sweep(built.unit_of_work, built.scheduler)
    click.echo(f"已运行 {done} 个定时批次")


@verbs.group("catalogue")
def catalogue() -> None:
    """规则目录 The catalogue in force here."""


@catalogue.command("status")
def catalogue_status() -> None:
    """现行目录与已见版本 What is in force, what was seen, what was set aside."""
    built = node("cli")
    with built.unit_of_work.begin() as session:
        status = built.catalogues.status(session)
        seen = built.catalogues.releases(session, PageRequest(size=10))
        aside = built.catalogues.in_force(session).set_aside if status.active else ()
    active = status.active.version if status.active else "无"
    click.echo(f"现行:{active}{'(久未核实)' if status.is_stale else ''}")
    if status.trouble:
        click.echo(f"最近一次取目录:{status.trouble}")
    for one in seen.rows:
        click.echo(f"{one.version}  {one.state}  {one.reason}")
    for item in aside:
        click.echo(f"搁置 {item.subject}:{item.reason}")


@catalogue.command("pin")
@click.argument("root", type=click.Path(exists=True, path_type=Path))
@click.option("--sha256", required=True, help="与省级电话核对的根摘要。")
def catalogue_pin(root: Path, sha256: str) -> None:
    """固定发布根 Pin the release root, where none came with enrolment."""
    built, data = node("cli"), root.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256.strip().lower():
        raise KuweiError(
            "root.mismatch", "根文件与摘要不符,未固定;请重新索取并电话核对。"
        )
    if built.identity_folder.has(TUF_ROOT):
        raise KuweiError(
            "root.pinned", "本节点已固定发布根,不会替换。", kind=Kind.CONFLICT
        )
    with built.unit_of_work.begin() as session:
        record(
            built.audit, session, "固定发布根", "发布根", sha256=sha256.strip().lower()
        )
        # Last: the entry is written, only its commit can still fail.
        built.identity_folder.keep(TUF_ROOT, data)
    click.echo("发布根已固定")


@catalogue.command("retry")
@click.argument("serial", type=int)
def catalogue_retry(serial: int) -> None:
    """再试一个未能启用的版本 Try a refused release again, once the cause is mended."""
    built = node("cli")
    with built.unit_of_work.begin() as session:
        built.catalogues.retry(session, serial)
        record(built.audit, session, "再试目录版本", f"序号 {serial}")
    click.echo("下次取目录时再试")


@catalogue.command("tune")
@click.argument("rule_id")
@click.argument("param")
@click.argument("value")
@click.option("--by", required=True, help="提出人。")
@click.option("--approve-by", required=True, help="审批人,须为另一人。")
def catalogue_tune(
    rule_id: str, param: str, value: str, by: str, approve_by: str
) -> None:
    """调整参数 Move a parameter within bounds; in production the page does that."""
    built = node("cli")
    if built.settings.is_production:
        raise KuweiError(
            "tuning.page_only",
            "生产环境不能用命令行调整参数:请一人在网页「规则」中提出,另一人审批。",
            kind=Kind.DENIED,
        )
    with built.unit_of_work.begin() as session:
        built.local_changes.tune(
            session, rule_id, param, value, by=by, approver=approve_by
        )
        details = {"param": param, "value": value, "by": by, "approve_by": approve_by}
        record(built.audit, session, "调整参数", rule_id, **details)
    click.echo(f"{rule_id} 的 {param} 已调为 {value}")


@verbs.command("import")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--profile", required=True, help="导入方案名称,或方案文件路径。")
@click.option("--division", help="本节点区划代码;缺省取入网身份。")
@click.option("--rows", type=click.IntRange(0), help="申报的笔数。")
@click.option("--amount", type=Yuan(), help="申报的支付金额合计(元)。")
def import_files(
    paths: tuple[Path, ...],
    profile: str,
    division: str | None,
    rows: int | None,
    amount: Decimal | None,
) -> None:
    """导入支付文件 Import payment files.

    退出码:0 已完成或部分拒收,1 合计不符或无法读取,3 全部拒收。
    """
    reuse_freed_memory()
    built = node("import")
    handed = [files.hand_in(path) for path in files.spread(paths)]
    with built.unit_of_work.begin() as session:
        import_id = built.intake.start_import(
            session,
            profile=profile,
            files=handed,
            divisions=built.reference.divisions(session, _home(built, division)),
            by=operator_principal().name,
            declared=Totals(rows=rows, pay_amt=amount),
        )
        about = f"导入 {import_id}"
        record(
            built.audit,
            session,
            "导入支付文件",
            about,
            profile=profile,
            files=len(handed),
        )
    tell = partial(_tell, len(handed))
    with built.uploads.at_work(import_id):
        state = run_import(built.unit_of_work, built.intake, import_id, tell)
    click.echo(err=True)
    with built.unit_of_work.begin() as session:
        click.echo(notice.outcome(built.intake, session, import_id))
    sys.exit(EXITS.get(state, 1))


@verbs.command("load-reference")
@click.argument("place", type=click.Path(exists=True, path_type=Path))
@click.option("--division", help="本节点区划代码;缺省取入网身份。")
@click.option("--entity", help="参照数据名称;导入单个文件时必填。")
@click.option("--valid-from", type=click.DateTime(["%Y-%m-%d"]), help="生效日期。")
@click.option("--hand-over", is_flag=True, help="接收原属其他区划的代码(划转)。")
def load_reference(
    place: Path,
    division: str | None,
    entity: str | None,
    valid_from: dt.datetime | None,
    *,
    hand_over: bool,
) -> None:
    """导入参照数据 Load reference data from a folder of files, or one file."""
    built = node("import")
    since = ALWAYS_FROM if valid_from is None else valid_from.date()
    for name, path in files.reference_files(place, entity):
        given = ReferenceFile(
            entity=name,
            file=files.hand_in(path),
            division=_home(built, division),
            by=operator_principal().name,
            valid_from=since,
            hands_over=hand_over,
        )
        with built.unit_of_work.begin() as session:
            done = built.reference_files.load(session, given)
            about = f"参照数据 {name}"
            record(built.audit, session, "导入参照数据", about, load=done.load_id)
        click.echo(
            f"{name}\t读入 {done.read}\t新增 {done.added}\t更替 {done.closed}"
            f"\t未变 {done.unchanged}\t拒绝 {done.rejected}"
        )
        click.echo("".join(f"  {said}\n" for said in done.notices), nl=False)


def _home(built: Node, division: str | None) -> str:
    return division or built.identity_folder.read().node_code


def _tell(files_all: int, files_done: int, rows: int) -> None:
    click.echo(
        f"\r文件 {files_done}/{files_all} 已入库 {rows:,} 笔", nl=False, err=True
    )


@verbs.command("generate", add_help_option=False, context_settings=PASS_ON)
@click.pass_context
def generate(context: click.Context) -> None:
    """生成样本 Write a generated province, and labels of what breaks a rule."""
    from kuwei_shared.sample import asked  # of no use to the other verbs

    asked.run(context.args)


@verbs.command("evaluate", add_help_option=False, context_settings=PASS_ON)
@click.pass_context
def evaluate(context: click.Context) -> None:
    """评价规则 Score every rule on a generated province: recall, false hits."""
    from kuwei_shared.evaluation.cli import command

    command.main(args=context.args, prog_name="kuwei-node evaluate")


def node(process: str) -> Node:
    """Put the node together from the environment."""
    return build(from_environment(Settings), process=process)


def main() -> None:
    """Run one verb; a refusal is one sentence on stderr and exit status 1."""
    try:
        verbs()
    except KuweiError as error:
        click.echo(f"{error.code}:{error.message}", err=True)
        sys.exit(1)

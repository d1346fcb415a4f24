"""The hub's verbs. Each opens one transaction, calls one service, prints one line."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import click

from kuwei_hub.bootstrap import Hub, build
from kuwei_hub.distribution.domain import ROLLOUT_ACTS, key_holders
from kuwei_hub.identity.tasks import synchronise
from kuwei_hub.settings import Settings
from kuwei_hub.statistics import tasks as statistics_tasks
from kuwei_hub.territory.adapters import read_jurisdictions
from kuwei_shared.audit import terminal as audit_log
from kuwei_shared.audit.terminal import record
from kuwei_shared.catalogue.checks.registry import read_schemas
from kuwei_shared.catalogue.files import read_folder
from kuwei_shared.identity.scope import of_service
from kuwei_shared.identity.terminal import operator_principal
from kuwei_shared.kernel.clock import SystemClock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import PAGE_SIZE_MAX, PageRequest
from kuwei_shared.ops import logs
from kuwei_shared.releases.files import replace_file
from kuwei_shared.web.settings import from_environment

LEVELS = ("province", "city", "county", "township")


def operator() -> str:
    """Return who works at this terminal, unless ``--by`` says otherwise."""
    return operator_principal().subject


@click.group()
def verbs() -> None:
    """库卫省级中心 Kuwei hub."""


@verbs.command("migrate")
def migrate() -> None:
    """更新库表 Bring the database to the newest revision."""
    # Imported here: only this verb needs Alembic.
    from kuwei_shared.db.migrate import upgrade

    built = hub("migrate")
    role = built.settings.database_role
    upgrade("kuwei_hub", built.unit_of_work.engine, role)
    click.echo("库表已是最新")


@verbs.command("web")
def web() -> None:
    """启动网页 Serve the pages."""
    # Imported here: a verb that serves no page starts without their libraries.
    import uvicorn

    from kuwei_hub.app import create

    built = hub("web")
    host, port = built.settings.bind
    logs.configure("kuwei-hub web")
    uvicorn.run(create(built), host=host, port=port, log_config=None)


@verbs.command("issuer")
@click.option("--realm", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--demo", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--port", default=8103, show_default=True)
def issuer(realm: Path, demo: Path, port: int) -> None:
    """启动开发身份服务 Serve the development issuer; refused in production."""
    # Imported here: a verb that serves no page starts without their libraries.
    import uvicorn

    from kuwei_shared.identity.issuer.app import create_issuer
    from kuwei_shared.identity.issuer.realm import read

    settings = from_environment(Settings)
    app = create_issuer(
        read(realm, demo),
        url=settings.issuer,
        clock=SystemClock(),
        is_production=settings.is_production,
    )
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None)


@verbs.command("init-ca")
@click.option("--province", default="", help="写入证书名称的省名。")
def init_ca(province: str) -> None:
    """建立证书与密钥 Make the authorities; keep what is there, renew what is due."""
    built = hub("cli")
    built.authority.create(province or built.settings.trust_domain)
    click.echo(f"证书目录:{built.settings.authority_dir}(请将 root.key 移出本机保管)")


@verbs.command("load-territory")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def load_territory(path: Path) -> None:
    """登记财政区划 Add or correct jurisdictions from a CSV file."""
    built = hub("cli")
    jurisdictions = read_jurisdictions(path)
    with built.unit_of_work.begin() as session:
        built.territory.register(session, jurisdictions)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        count = len(jurisdictions)
        record(built.audit, session, "登记区划", "财政区划", sha256=digest, count=count)
    click.echo(f"已登记 {len(jurisdictions)} 个区划")


@verbs.command("sync-realm")
def sync_realm() -> None:
    """同步统一认证 Bring Keycloak's groups and roles in step with the territory."""
    built = hub("cli")
    account = built.settings.realm_account()
    report = synchronise(built.unit_of_work, built.territory, built.clock, account)
    count, renamed = report.groups_added, report.groups_renamed
    about = account.issuer
    with built.unit_of_work.begin() as session:
        record(
            built.audit, session, "同步统一认证", about, count=count, renamed=renamed
        )
    click.echo(report.words)


@verbs.command("register-node")
@click.argument("code")
@click.option("--name", required=True)
@click.option("--level", required=True, type=click.Choice(LEVELS))
@click.option("--parent", default=None, help="财政上级的区划代码。")
@click.option("--by", default=operator, help="经办人。")
def register_node(
    code: str, name: str, level: str, parent: str | None, by: str
) -> None:
    """登记节点 Expect a node."""
    built = hub("cli")
    with built.unit_of_work.begin() as session:
        built.enrolment.register(
            session, code, name=name, level=level, parent=parent, by=by
        )
        record(built.audit, session, "登记节点", f"节点 {code}", by=by, level=level)
    click.echo(f"已登记 {code} {name}")


@verbs.command("issue-token")
@click.argument("code")
@click.option("--by", default=operator, help="签发人;不能再批准同一节点。")
@click.option("--replace", is_flag=True, help="更换已入网节点的设备。")
@click.option("--out", type=click.Path(path_type=Path), help="写入文件而不显示。")
def issue_token(code: str, by: str, out: Path | None, *, replace: bool) -> None:
    """签发入网令牌 Issue a single-use token; shown this once."""
    built, account = hub("cli"), operator()
    with built.unit_of_work.begin() as session:
        token = built.enrolment.issue_token(
            session, code, by=by, account=account, replace=replace
        )
        change = "更换设备" if replace else "首次入网"
        record(
            built.audit, session, "签发入网令牌", f"节点 {code}", by=by, change=change
        )
    if out is None:
        click.echo(token.to_json())
    else:
        replace_file(out, token.to_json().encode(), mode=0o600)
        click.echo(f"令牌已写入 {out},有效至 {token.expires_at:%Y-%m-%d %H:%M} UTC")


@verbs.command("invite")
@click.argument("codes", nargs=-1, required=True)
@click.option(
    "--tokens", required=True, type=click.Path(file_okay=False, path_type=Path)
)
@click.option("--by", default=operator, help="签发人;不能再批准同一节点。")
def invite(codes: tuple[str, ...], tokens: Path, by: str) -> None:
    """登记节点并签发令牌 Expect nodes as the territory has them, with tokens."""
    built, account = hub("cli"), operator()
    issued: dict[str, bytes] = {}
    tokens.mkdir(parents=True, exist_ok=True)
    with built.unit_of_work.begin() as session:
        for code in codes:
            place = built.territory.find(session, of_service(), code)
            if not built.enrolment.expects(session, code):
                built.enrolment.register(
                    session,
                    code,
                    name=place.name,
                    level=place.level,
                    parent=place.fiscal_parent,
                    by=by,
                )
                record(built.audit, session, "登记节点", f"节点 {code}", by=by)
            token = built.enrolment.issue_token(session, code, by=by, account=account)
            issued[code] = token.to_json().encode()
            record(built.audit, session, "签发入网令牌", f"节点 {code}", by=by)
    # After the commit: a token that was not kept must not replace one that was.
    for code, file in issued.items():
        replace_file(tokens / f"{code}.json", file, mode=0o600)
    click.echo(f"已登记 {len(codes)} 个节点,令牌在 {tokens}")


@verbs.command("pending")
def pending() -> None:
    """待批准的申请 List applications and the words to compare."""
    built = hub("cli")
    with built.unit_of_work.begin() as session:
        page = PageRequest(size=PAGE_SIZE_MAX)
        waiting = built.enrolment.pending(session, of_service(), page)
    for row in waiting.rows:
        click.echo(f"{row.mof_div_code}  {row.words}  {row.host_name} {row.platform}")
    click.echo(f"共 {waiting.total} 件")


@verbs.command("approve")
@click.argument("codes", nargs=-1, required=True)
@click.option("--by", required=True, help="批准人;须非签发人(停用节点按系统账号认定)。")
def approve(codes: tuple[str, ...], by: str) -> None:
    """批准入网 Approve, after comparing the six words by telephone."""
    built, account, done = hub("cli"), operator(), []
    with built.unit_of_work.begin() as session:
        for code in codes:
            one = built.enrolment.approve(session, code, by=by, account=account)
            record(built.audit, session, "批准入网", f"节点 {code}", by=by)
            done.append(f"已批准 {code}:{one.words}")
    click.echo("\n".join(done))


@verbs.group("node")
def node() -> None:
    """停用与恢复节点 Shut a node out at once; let it in again by two accounts."""


@node.command("suspend")
@click.argument("code")
@click.option("--reason", required=True, help="停用理由;节点会看到。")
def suspend_node(code: str, reason: str) -> None:
    """停用节点 Refuse every call of a node, open ones included, from now on."""
    built = hub("cli")
    with built.unit_of_work.begin() as session:
        built.suspensions.suspend(session, code, by=operator(), reason=reason)
        record(built.audit, session, "停用节点", f"节点 {code}", reason=reason)
    click.echo(f"已停用 {code};恢复须两人办理")


@node.command("reinstate")
@click.argument("code")
@click.option("--reason", help="恢复理由;提出申请时必填。")
@click.option("--approve", is_flag=True, help="批准另一人提出的申请。")
def reinstate_node(code: str, reason: str | None, *, approve: bool) -> None:
    """恢复节点 Ask to let a node in again, or approve what another account asked."""
    if approve == (reason is not None):
        raise click.UsageError("写 --reason 提出申请,或 --approve 批准,只取其一。")
    built, by = hub("cli"), operator()
    with built.unit_of_work.begin() as session:
        if reason is None:
            built.suspensions.approve(session, code, by=by)
            record(built.audit, session, "批准恢复节点", f"节点 {code}")
        else:
            built.suspensions.ask(session, code, by=by, reason=reason)
            record(built.audit, session, "申请恢复节点", f"节点 {code}", reason=reason)
    asked = f"已提出恢复 {code},待另一账号或网页上的另一人批准"
    click.echo(f"已恢复 {code}" if approve else asked)


@verbs.command("grpc")
def grpc() -> None:
    """启动 gRPC Serve members and applicants until told to stop."""
    from kuwei_hub.grpc_server import run  # no grpc before a fork

    built = hub("grpc")
    logs.configure("kuwei-hub grpc")
    run(
        built,
        lambda ports: click.echo(f"gRPC {ports.members},入网 {ports.applicants}"),
    )


@verbs.command("release-init")
@click.option(
    "--holder", "holders", multiple=True, required=True, help="目标密钥保管人。"
)
def release_init(holders: tuple[str, ...]) -> None:
    """建立发布库与签名密钥 Found the release repository; two holders sign a release."""
    built = hub("cli")
    if not built.keys.exists:
        built.keys.create(key_holders(holders))
    with built.unit_of_work.begin() as session:
        root = built.library.found(session, built.keys)
        digest = hashlib.sha256(root).hexdigest()
        named = "、".join(holders)
        record(built.audit, session, "建立发布库", "发布库", root=digest, holders=named)
    click.echo(f"发布库已建立,根摘要 {digest}")


@verbs.command("publish")
@click.option(
    "--catalogue", required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--by", required=True, help="起草人,目标密钥保管人之一。")
@click.option("--approve-by", required=True, help="审批人,另一名保管人。")
@click.option("--note", default="", help="发布说明。")
@click.option("--withdraw-below", type=int, help="撤回序号低于此值的版本。")
def publish(
    catalogue: Path, by: str, approve_by: str, note: str, withdraw_below: int | None
) -> None:
    """签发目录 Check, lock, pack and sign the catalogue in a folder."""
    built = hub("cli")
    with built.unit_of_work.begin() as session:
        release = built.rulebook.publish(
            session,
            read_folder(catalogue),
            read_schemas(catalogue),
            author=by,
            approver=approve_by,
            keys=built.keys,
            note=note,
            withdraw_below=withdraw_below,
        )
        below = {} if withdraw_below is None else {"withdraw_below": withdraw_below}
        said: dict[str, str | int] = {"by": by, "approve_by": approve_by, **below}
        record(built.audit, session, "签发目录", f"目录 {release.version}", **said)
    click.echo(f"已发布 {release.version}:{release.rule_count} 条规则")


@verbs.command("rollout")
@click.argument("version", required=False)
@click.option("--to", "codes", multiple=True, help="区划代码;不写则为全部已登记节点。")
@click.option("--pause", "action", flag_value="pause", help="暂停,不取新版本。")
@click.option("--resume", "action", flag_value="resume", help="恢复。")
@click.option("--by", default=operator, help="经办人。")
def rollout(
    version: str | None, codes: tuple[str, ...], action: str | None, by: str
) -> None:
    """安排启用、回退或暂停 Assign a release (an earlier one rolls back), or pause."""
    built = hub("cli")
    with built.unit_of_work.begin() as session:
        built.company.require_members(session, of_service(), codes)
        chosen = codes or built.company.member_codes(session, of_service())
        match (action, version):
            case ("pause", None):
                built.library.pause(session, chosen)
            case ("resume", None):
                built.library.resume(session, chosen)
            case (None, str(wanted)):
                built.library.assign(session, wanted, chosen, by=by)
            case _:
                raise click.UsageError("写版本号,或 --pause / --resume,只取其一。")
        act = ROLLOUT_ACTS[action]
        about = "目录" if version is None else f"目录 {version}"
        record(built.audit, session, act, about, by=by, codes="、".join(chosen))
    click.echo(f"{act} {about}:{len(chosen)} 个区划({'、'.join(codes) or '全部'})")


@verbs.command("resign")
def resign() -> None:
    """重签时间戳 Sign the online roles again; for a timer beside the gRPC process."""
    built = hub("cli")
    with built.unit_of_work.begin() as session:
        built.library.resign(session)
        record(built.audit, session, "重签时间戳", "发布库")
        freshness = built.library.freshness(session)
    for role, moment in freshness.expires.items():
        click.echo(f"{role} 有效至 {moment:%Y-%m-%d %H:%M} UTC")


@verbs.command("release-rotate")
def release_rotate() -> None:
    """轮换在线密钥 Exchange the hub's own signing keys; nodes follow the new root."""
    built = hub("cli")
    with built.unit_of_work.begin() as session:
        renewed = built.library.rotate(session, built.keys)
        record(built.audit, session, "轮换在线密钥", "发布库")
    with built.unit_of_work.begin() as session:  # after the commit: the root is known
        built.library.adopt(session, built.keys, renewed)
    click.echo("在线密钥已轮换,各节点将自行跟随")


verbs.add_command(statistics_tasks.group(lambda: hub("cli")))
verbs.add_command(audit_log.group(lambda: hub("cli")))


def hub(process: str) -> Hub:
    """Put the hub together from the environment."""
    return build(from_environment(Settings), process=process)


def main() -> None:
    """Run one verb; a refusal is one sentence on stderr and exit status 1."""
    try:
        verbs()
    except KuweiError as error:
        click.echo(f"{error.code}:{error.message}", err=True)
        sys.exit(1)

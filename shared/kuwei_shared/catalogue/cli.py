"""kuwei-rules: check, try, explain, compile, lock, start, pack, and the manual."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from kuwei_shared.catalogue import bundle, engines, lock, report, survival, trial
from kuwei_shared.catalogue import files as layout
from kuwei_shared.catalogue.checks.condition import Parses
from kuwei_shared.catalogue.checks.registry import (
    CHECKS,
    put_off,
    read_schemas,
    run_checks,
)
from kuwei_shared.catalogue.checks.shape import HasUniqueId
from kuwei_shared.catalogue.issues import Issue, refusal
from kuwei_shared.catalogue.loading import Reading, load, read
from kuwei_shared.catalogue.manual import manual
from kuwei_shared.catalogue.scaffold import new_rule
from kuwei_shared.catalogue.sheet import INCOMING, sheet
from kuwei_shared.catalogue.verdict import verdict
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.rules.compiler import compile_rules, untuned
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.model import Catalogue, Rule, Schedule, Status
from kuwei_shared.rules.naming import nearest
from kuwei_shared.rules.printer import Dialect
from kuwei_shared.rules.vocabulary import PAYMENT

_root = click.option(
    "--catalogue",
    "root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("rules-catalog"),
    show_default=True,
    help="规则目录所在的文件夹。",
)
_dialect = click.option(
    "--dialect",
    type=click.Choice([one.value for one in Dialect]),
    default=Dialect.POSTGRES.value,
    show_default=True,
    help="编译为哪种数据库的语句。",
)


class Verbs(click.Group):
    """A group whose verbs name the file that cannot be read or written."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a verb; a file's refusal becomes a sentence."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.filename is None:
                raise  # a closed pipe is click's to handle
            raise KuweiError(
                "catalogue.file",
                f"读写不了 {error.filename}:{error.strerror};检查路径和权限。",
            ) from error


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="规则目录:检查、试算、解说、编译、锁定、新建、打包;怎样写见 manual。",
)
def commands() -> None:
    """Work on the rule catalogue."""


@commands.command("check", help="检查全部规则、名单和词汇表,一次列出所有问题。")
@_root
@click.option("--list", "listed", is_flag=True, help="只列出检查项。")
def check(root: Path, *, listed: bool) -> None:
    """Report every fault in the catalogue at once."""
    if listed:
        for one in CHECKS:
            click.echo(f"{one.id:20} {one.says}")
        return
    reading = read(layout.read_folder(root))
    issues = run_checks(reading, read_schemas(root))
    _print(issues, root)
    if later := put_off(reading):
        click.echo(f"有文件读不出,改正前不查:{'、'.join(sorted(later))}。")
    if layout.VOCABULARY in reading.broken:
        click.echo(f"{layout.VOCABULARY} 有误,改正前不查规则。")
    _finish(
        f"{len(reading.rules)} 条规则、{len(reading.lists)} 份名单,"
        f"{len(issues)} 处问题。",
        failed=bool(issues),
    )


@commands.command(
    "test",
    help="试算规则的每个示例:在 DuckDB 上;给了 --postgres,也在那个 PostgreSQL 上。"
    "写出规则号则只试这几条。",
)
@_root
@click.option(
    "--postgres",
    metavar="URL",
    help="也在这个 PostgreSQL(节点所用的数据库)上试算,只读,不留痕迹。",
)
@click.option("--mutants", is_flag=True, help="再逐处改坏条件,看示例能否发觉。")
@click.argument("rules", nargs=-1)
def test(
    root: Path, *, postgres: str | None, mutants: bool, rules: Sequence[str]
) -> None:
    """Try every example of every rule on every engine."""
    reading = _sound(root, rules)
    chosen = frozenset(_rule(reading.catalogue, one).id for one in rules)
    if not reading.rules:
        raise KuweiError("rule.none", f"{root} 中没有规则可试;规则放在 rules/ 下。")
    with ExitStack() as stack:
        used: list[engines.Engine] = [engines.DuckEngine()]
        if postgres:
            used.append(stack.enter_context(engines.postgres(postgres)))
        failed = [_try(reading, engine, chosen, root) for engine in used]
        if mutants:
            failed.append(_mutate(reading, used[0], chosen, root))
    if not postgres:
        click.echo(
            "没有给 --postgres:未在节点所用的 PostgreSQL 上试算(make rules 自带一个)。",
            err=True,
        )
    if any(failed):
        sys.exit(1)


@commands.command(
    "explain", help="把一条规则讲给人听:依据、条件、参数、事实、语句、示例。"
)
@_root
@_dialect
@click.option(
    "--given",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="一份“名称: 值”的 YAML,按它试算这条规则。",
)
@click.argument("rule_id", metavar="RULE")
def explain(root: Path, dialect: str, given: Path | None, rule_id: str) -> None:
    """Print everything about one rule."""
    catalogue = _sound(root, (rule_id,)).catalogue
    rule = _rule(catalogue, rule_id)
    click.echo(sheet(rule, catalogue, Dialect(dialect)))
    if given:
        click.echo(verdict(rule, catalogue, given, engines.DuckEngine()))


@commands.command(
    "compile",
    help="把同一对象、同一时机的试行和正式规则编译成一条语句,写到标准输出。"
    "不写 --schedule 是逐笔审核支付的规则。",
)
@_root
@_dialect
@click.option("--plan", type=click.Choice([one.value for one in Plan]), default="probe")
@click.option("--subject", default=PAYMENT, show_default=True, help="监控对象。")
@click.option(
    "--schedule",
    type=click.Choice([one.value for one in Schedule]),
    help="定时规则的时机;支付以外的对象只有定时规则。",
)
def compile_(
    root: Path, dialect: str, plan: str, subject: str, schedule: str | None
) -> None:
    """Print the whole catalogue as one statement."""
    catalogue = _sound(root).catalogue
    if subject not in catalogue.vocabulary.subjects:
        known = "、".join(catalogue.vocabulary.subjects)
        raise KuweiError("rule.subject", f"没有监控对象 {subject};可用 {known}。")
    statement = compile_rules(
        catalogue,
        untuned(catalogue),
        subject=subject,
        schedule=Schedule(schedule) if schedule else None,
    )
    if not statement.rules:
        raise _nothing_compiled(catalogue, subject, schedule)
    click.echo(statement.sql(Dialect(dialect), INCOMING, Plan(plan)))


@commands.command("lock", help="核对版本与内容是否同进退,并写下 catalog.lock。")
@_root
@click.option("--check", "only_check", is_flag=True, help="只核对,不改写。")
@click.option("--renew", is_flag=True, help="从头锁定;只在目录从未发布时用。")
def lock_(root: Path, *, only_check: bool, renew: bool) -> None:
    """Write catalog.lock, or compare with it."""
    reading = _sound(root)
    locked = lock.read_lock(b"" if renew else reading.files.get(layout.LOCK, b""))
    if isinstance(locked, Issue):
        raise refusal([locked])
    now = lock.lock_of(reading.catalogue)
    compare = lock.differences if only_check else lock.blocking
    issues = [report.lock_difference(reading, *one) for one in compare(now, locked)]
    _print(issues, root)
    if not issues and not only_check:
        (root / layout.LOCK).write_bytes(lock.written(now))
    _finish(f"{len(now)} 条规则,{len(issues)} 处不符。", failed=bool(issues))


@commands.command("new", help="新建一条草稿规则。")
@_root
@click.option("--family", help="放入 rules/ 下的哪个文件夹;默认取规则号前缀。")
@click.argument("rule_id", metavar="ID")
def new(root: Path, family: str | None, rule_id: str) -> None:
    """Start a draft rule."""
    click.echo(new_rule(root, rule_id, family))


@commands.command("pack", help="把目录打成一个包:同样的目录,同样的字节。")
@_root
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False))
def pack(root: Path, output: Path) -> None:
    """Write the catalogue as one file."""
    _sound(root)
    data = bundle.pack(root)
    output.write_bytes(data)
    click.echo(f"{output} {len(data)} 字节 sha256:{bundle.digest(data)}")


@commands.command(
    "manual", help="印出规则文件与条件语言的说明:键、写法、函数、本目录的全部名称。"
)
@_root
def manual_(root: Path) -> None:
    """Print the page on the rule file and the condition language."""
    click.echo(manual(load(root), read_schemas(root).get("rule")), nl=False)


def main() -> None:
    """Run the command line; a KuweiError becomes its sentence and exit code 1."""
    try:
        commands()
    except KuweiError as error:
        click.echo(error.message, err=True)
        sys.exit(1)


def _sound(root: Path, rules: Collection[str] = ()) -> Reading:
    """Return a catalogue that reads; raise with all issues if it does not.

    Args:
        root: the catalogue's folder.
        rules: whose conditions are asked for; none means all.
    """
    reading = read(layout.read_folder(root))
    found = run_checks(reading, {}, (HasUniqueId(), Parses()))
    mistyped = [
        one for one in found if one.code != Parses.id or not rules or one.rule in rules
    ]
    if mistyped:
        raise refusal(mistyped)
    return reading


def _rule(catalogue: Catalogue, rule_id: str) -> Rule:
    if rule_id not in catalogue.rules:
        near = "、".join(nearest(rule_id, catalogue.rules))
        offer = f"是否 {near}?" if near else "规则号即 rules/ 下的文件名。"
        raise KuweiError(
            "rule.missing",
            f"目录中没有规则 {rule_id};{offer}",
            kind=Kind.MISSING,
        )
    return catalogue.rules[rule_id]


def _nothing_compiled(
    catalogue: Catalogue, subject: str, schedule: str | None
) -> KuweiError:
    """Return the refusal of an empty statement, saying what there is to compile."""
    times = {
        f"--schedule {one.schedule}" if one.schedule else "不写 --schedule"
        for one in catalogue.rules.values()
        if one.subject == subject and one.status in {Status.TRIAL, Status.STABLE}
    }
    when = f"在 {schedule} 时" if schedule else "逐笔"
    offer = "、".join(sorted(times)) or "先写一条,status 为 trial 或 stable"
    return KuweiError(
        "rule.none", f"没有{when}检查 {subject} 的试行或正式规则;可以:{offer}。"
    )


def _try(
    reading: Reading, engine: engines.Engine, chosen: frozenset[str], root: Path
) -> bool:
    """Try the examples on one engine; print failures; say whether any failed."""
    outcomes = trial.try_examples(reading.catalogue, engine, chosen)
    failures = list(report.failed_examples(reading, outcomes))
    _print(failures, root)
    tried = len({one.rule.id for one in outcomes})
    click.echo(
        f"{engine.dialect}:{tried} 条规则,{len(outcomes)} 个示例,"
        f"{len(failures)} 个不符。"
    )
    return bool(failures)


def _mutate(
    reading: Reading, engine: engines.Engine, chosen: frozenset[str], root: Path
) -> bool:
    """Run the mutants; print the survivors; say whether any survived."""
    tolls = list(survival.survivors(reading.catalogue, engine, chosen))
    alive = [issue for toll in tolls for issue in report.surviving(reading, toll)]
    _print(alive, root)
    made = sum(toll.made for toll in tolls)
    click.echo(f"改坏 {made} 处,示例没有发觉的 {len(alive)} 处。")
    return bool(alive)


def _print(issues: Iterable[Issue], root: Path) -> None:
    for issue in sorted(issues):
        click.echo(f"{root / issue.place.path}{str(issue)[len(issue.place.path) :]}")


def _finish(summary: str, *, failed: bool) -> None:
    click.echo(summary)
    if failed:
        sys.exit(1)

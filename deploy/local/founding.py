"""What is done once for a demo's data: databases, tables, keys, membership."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import embedded
from places import PLACES, TOWNSHIPS, Place
from processes import Service, StageFailedError
from state import BIN, ROOT, Stack

CATALOGUE = ROOT / "rules-catalog"
ABREAST = 3
ENROL_S = 180.0
APPLIED = "六个词"
REGISTRAR = "省级登记岗"
APPROVER = "省级审批岗"
DRAFTER = "规则起草岗"
PUBLISHER = "规则审批岗"


def servers(stack: Stack) -> str:
    """Start PostgreSQL and Redis, and make a database for each service."""
    stack.postgres = embedded.postgres(stack.folder / "postgres")
    stack.redis = embedded.redis(stack.folder / "redis", stack.ports.redis)
    stack.supervisor.remember(stack.redis.process.pid)
    for database in ("hub", *(place.database for place in stack.places)):
        stack.postgres.create(database)
    return f"PostgreSQL {1 + len(stack.places)} 个库,Redis 1 个"


def tables(stack: Stack) -> str:
    """Bring every database to the newest revision, unless it is known to be there."""
    revisions = stack.revisions()
    if stack.notebook.get("revisions") == revisions:
        return "库表已是最新"
    stack.run("migrate", "kuwei-hub", "migrate", env=stack.hub())
    abreast(
        lambda place: stack.run(
            "migrate", "kuwei-node", "migrate", env=stack.node(place)
        ),
        stack.places,
    )
    stack.notebook.put("revisions", revisions)
    return f"{1 + len(stack.places)} 个库已更新"


def authority(stack: Stack) -> str:
    """Make the hub's keys and its list of jurisdictions; keep what is there."""
    if stack.notebook.get("founded"):
        return "证书、签名密钥与区划表已在"
    run_hub(stack, "init-ca", "--province", "广西")
    run_hub(stack, "load-territory", str(_territory(stack)))
    holders = ("--holder", DRAFTER, "--holder", PUBLISHER)
    run_hub(stack, "release-init", *holders)
    stack.notebook.put("founded", "yes")
    return f"证书与签名密钥;{len(PLACES) + len(TOWNSHIPS)} 个区划"


def membership(stack: Stack) -> str:
    """Enrol every node that is not a member: token, application, approval."""
    fresh = [p for p in stack.places if not stack.identity(p).is_enrolled]
    if fresh:
        _admit(stack, fresh)
    for place in stack.places:
        _dial_here(stack, place)
    return f"{len(stack.places)} 个节点已入网,本次 {len(fresh)} 个"


def _admit(stack: Stack, places: list[Place]) -> None:
    """Take nodes through the door together; the hub's part needs two persons.

    A start that was cut off goes on: who has a token is not invited again, and who
    was approved is not approved again.
    """
    invited = [place.code for place in places if not _token(stack, place).exists()]
    if invited:
        folder = str(stack.folder / "tokens")
        run_hub(stack, "invite", *invited, "--tokens", folder, "--by", REGISTRAR)
    applicants = [_apply(stack, place) for place in places]
    for applicant in applicants:
        _await_words(stack, applicant)
    pending = run_hub(stack, "pending")
    if waiting := [place.code for place in places if place.code in pending]:
        run_hub(stack, "approve", *waiting, "--by", APPROVER)
    for place, applicant in zip(places, applicants, strict=True):
        stack.supervisor.wait(applicant, ENROL_S)
        _token(stack, place).unlink(missing_ok=True)


def _token(stack: Stack, place: Place) -> Path:
    return stack.folder / "tokens" / f"{place.code}.json"


def _apply(stack: Stack, place: Place) -> Service:
    name = f"enrol-{place.code}"
    (stack.supervisor.logs / f"{name}.log").unlink(missing_ok=True)
    token = _token(stack, place)
    hub = stack.hub()
    addresses = {
        "enrol_address": hub["KUWEI_ENROL_ADDRESS"],
        "grpc_address": hub["KUWEI_GRPC_ADDRESS"],
    }
    # Issued by an earlier start, it may name that start's ports.
    token.write_text(json.dumps(json.loads(token.read_text()) | addresses))
    return stack.supervisor.start(
        name,
        [
            *(str(BIN / "kuwei-node"), "enrol", "--token-file", str(token)),
            *("--every-s", "0.5"),
        ],
        stack.node(place),
    )


def _dial_here(stack: Stack, place: Place) -> None:
    """Have a node dial the hub of this start; it enrolled at the ports of another."""
    folder = stack.identity(place)
    known, address = folder.read(), stack.hub()["KUWEI_GRPC_ADDRESS"]
    if known.grpc_address != address:
        folder.write(replace(known, grpc_address=address))


def _await_words(stack: Stack, applicant: Service) -> None:
    """Wait until a node has applied and shows the words to compare."""
    limit = time.monotonic() + ENROL_S
    while APPLIED not in applicant.log.read_text(errors="replace"):
        if applicant.process.poll() not in {None, 0}:
            applicant.require_alive()
        stack.require_staying()
        if time.monotonic() > limit:
            raise StageFailedError(f"{applicant.name} took over {ENROL_S:.0f} s")
        time.sleep(0.2)


def catalogue(stack: Stack) -> str:
    """Publish the standard catalogue if it changed, and assign it to every node."""
    content = _digest(CATALOGUE)
    if stack.notebook.get("catalogue") == content:
        return f"目录 {stack.notebook.get('release')} 已发布"
    said = run_hub(
        stack,
        *("publish", "--catalogue", str(CATALOGUE)),
        *("--by", DRAFTER, "--approve-by", PUBLISHER),
    )
    version = said.split("已发布 ")[1].split(":")[0]
    run_hub(stack, "rollout", version, "--by", PUBLISHER)
    stack.notebook.put("release", version)
    stack.notebook.put("catalogue", content)
    return said.strip()


def run_hub(stack: Stack, *command: str) -> str:
    """Run one of the hub's verbs."""
    return stack.run("hub-verbs", "kuwei-hub", *command, env=stack.signing_hub())


def abreast(act: Callable[[Place], object], places: Iterable[Place]) -> None:
    """Do something for several places, a few at a time; the first failure counts."""
    with ThreadPoolExecutor(ABREAST) as pool:
        waiting = [pool.submit(act, place) for place in places]
        try:
            wait(waiting)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        failures = [error for one in waiting if (error := one.exception())]
    for failure in failures:
        if isinstance(failure, StageFailedError):
            raise failure
        raise RuntimeError("a step of the demo is wrong") from failure


def _territory(stack: Stack) -> str:
    """Write the demo's jurisdictions as the file the hub loads."""
    path = stack.folder / "territory.csv"
    heads = (
        *("mof_div_code", "name", "level", "fiscal_parent"),
        *("administrative_parent", "host", "opened_on"),
    )
    rows = [
        (p.code, p.name, p.level, p.parent, p.administrative_parent, "", "2000-01-01")
        for p in PLACES
    ]
    rows += [
        (code, name, "township", host, host, host, "2000-01-01")
        for code, (name, host) in TOWNSHIPS.items()
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([heads, *rows])
    return str(path)


def _digest(folder: Path) -> str:
    """Return a digest of every file in a folder."""
    whole = sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            whole.update(path.read_bytes())
    return whole.hexdigest()

"""What is done once for a demo's data: databases, tables, keys, membership."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import embedded
from places import Place
from processes import StageFailedError
from state import Stack

ABREAST = 3
REGISTRAR = "demo-registrar"
APPROVER = "demo-approver"

T = TypeVar("T")


def servers(stack: Stack) -> str:
    """Start PostgreSQL and Redis, and make a database for each service."""
    stack.postgres = embedded.postgres(stack.folder / "postgres")
    stack.redis = embedded.redis(stack.folder / "redis", stack.ports.redis)
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
    """Make the hub's certificate authorities and signing key; keep what is there."""
    stack.run("init-ca", "kuwei-hub", "init-ca", "--province", "广西", env=stack.hub())
    return "证书与签名密钥在 hub/authority"


def membership(stack: Stack) -> str:
    """Enrol every node that is not a member: token, application, approval."""
    fresh = [
        place
        for place in stack.places
        if stack.notebook.get(f"member {place.code}") is None
    ]
    abreast(lambda place: enrol(stack, place), fresh)
    return f"{len(stack.places)} 个节点已入网,本次 {len(fresh)} 个"


def enrol(stack: Stack, place: Place) -> None:
    """Take one node through the door; two persons take part."""
    token = stack.folder / f"token-{place.code}.json"
    hub, name = stack.hub(), f"enrol-{place.code}"
    parent = ("--parent", place.parent) if place.parent else ()
    stack.run(
        name,
        *("kuwei-hub", "register-node", place.code, "--name", place.name),
        *("--level", place.level, *parent, "--by", REGISTRAR),
        env=hub,
    )
    stack.run(
        name,
        *("kuwei-hub", "issue-token", place.code),
        *("--by", REGISTRAR, "--out", str(token)),
        env=hub,
    )
    node = stack.node(place)
    stack.run(name, "kuwei-node", "enrol", "--token", str(token), env=node)
    stack.run(name, "kuwei-hub", "approve", place.code, "--by", APPROVER, env=hub)
    stack.run(name, "kuwei-node", "enrol", "--collect", env=node)
    token.unlink(missing_ok=True)
    stack.notebook.put(f"member {place.code}", APPROVER)


def abreast(act: Callable[[Place], object], places: Iterable[Place]) -> None:
    """Do something for several places, a few at a time; the first failure counts."""
    with ThreadPoolExecutor(ABREAST) as pool:
        waiting = [pool.submit(act, place) for place in places]
        failures = [error for one in waiting if (error := one.exception())]
    for failure in failures:
        if isinstance(failure, StageFailedError):
            raise failure
        raise RuntimeError("a step of the demo is wrong") from failure

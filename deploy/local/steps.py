"""The demo, stage by stage; each step is safe to run again on the data it left."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import embedded
import screen
from stages import Stage
from state import Stack

ABREAST = 3


def servers(stack: Stack) -> str:
    """Start PostgreSQL and Redis, and make a database for each service."""
    stack.postgres = embedded.postgres(stack.folder / "postgres")
    stack.redis = embedded.redis(stack.folder / "redis", stack.ports.redis)
    for database in ("hub", *(place.database for place in stack.places)):
        stack.postgres.create(database)
    return f"PostgreSQL {1 + len(stack.places)} 个库,Redis 1 个"


def tables(stack: Stack) -> str:
    """Bring every database to the newest revision."""
    work = [("migrate-hub", "kuwei-hub", stack.hub())]
    work += [
        (f"migrate-{place.code}", "kuwei-node", stack.node(place))
        for place in stack.places
    ]
    with ThreadPoolExecutor(ABREAST) as pool:
        done = [
            pool.submit(stack.run, name, program, "migrate", env=settings)
            for name, program, settings in work
        ]
        for one in done:
            one.result()
    return f"{len(work)} 个库已是最新"


STAGES: tuple[Stage[Stack], ...] = (
    Stage("启动数据库与队列", servers),
    Stage("建立库表", tables),
)


def welcome(stack: Stack) -> str:
    """Return the addresses and accounts a visitor needs."""
    rows = [("全省", "省级中心", f"http://localhost:{stack.ports.hub_web}/")]
    rows += [
        (place.code, place.name, f"http://localhost:{stack.ports.nodes[place.code]}/")
        for place in stack.places
    ]
    return screen.table(("区划", "系统", "地址"), rows) + "\n\n  Ctrl-C 停止。"


def summary(stack: Stack) -> str:
    """Return what the province did, in one table."""
    del stack
    return ""

"""How a service reaches PostgreSQL: bounded, named, and with time limits."""

from __future__ import annotations

import json
import select
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Protocol

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError


class _Socketed(Protocol):
    """A driver's connection, as far as it is looked at here."""

    def fileno(self) -> int:
        """Return the descriptor of its socket."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLimits:
    """Bounds of a connection pool; ``size`` equals the worker threads using it."""

    size: int = 16
    wait_s: float = 2.0
    statement_timeout_ms: int = 30_000
    lock_timeout_ms: int = 5_000
    idle_timeout_ms: int = 60_000


def connect(url: str, limits: PoolLimits, *, application: str) -> Engine:
    """Return an engine that never queues longer than ``limits.wait_s``.

    Args:
        url: ``postgresql+psycopg2://…``; SQLAlchemy 2.1 would otherwise pick
            psycopg 3.
        limits: pool bounds and server-side time-outs.
        application: shown in ``pg_stat_activity``.
    """
    options = (
        f"-c statement_timeout={limits.statement_timeout_ms}"
        f" -c lock_timeout={limits.lock_timeout_ms}"
        f" -c idle_in_transaction_session_timeout={limits.idle_timeout_ms}"
        # What a machine held that lost its power or its line is free in a minute.
        " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10"
        " -c tcp_keepalives_count=3"
        " -c jit=off -c timezone=UTC -c plan_cache_mode=force_generic_plan"
        # A group of an import is laid out in memory; taken only where it is used.
        " -c temp_buffers=64MB"
    )
    engine = create_engine(
        url,
        pool_size=limits.size,
        max_overflow=0,
        pool_timeout=limits.wait_s,
        # The connection used last has its plans in the processor's caches.
        pool_use_lifo=True,
        hide_parameters=True,  # an error's text must not carry payments into logs
        json_deserializer=partial(json.loads, parse_float=Decimal),
        connect_args={"application_name": application, "options": options},
    )
    event.listen(engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(connection: _Socketed, record: object, proxy: object) -> None:
    """Have the pool replace a connection the server has closed meanwhile.

    A closed connection is readable: its end waits to be read, or a last message.
    Looking costs a system call; a ping would cost every request a round trip.
    """
    del record, proxy
    looking = select.poll()
    looking.register(connection.fileno(), select.POLLIN)
    if looking.poll(0):
        raise DisconnectionError

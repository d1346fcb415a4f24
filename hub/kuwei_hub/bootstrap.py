"""Where a hub is put together: settings in, services out. One screen, no logic."""

from __future__ import annotations

from dataclasses import dataclass

from kuwei_hub.settings import Settings
from kuwei_shared.db.engine import PoolLimits, connect
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.clock import Clock, SystemClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """One hub's parts, shared by its web, gRPC and command-line processes."""

    settings: Settings
    clock: Clock
    unit_of_work: UnitOfWork


def build(settings: Settings, *, process: str, clock: Clock | None = None) -> Hub:
    """Put a hub together.

    Args:
        settings: checked settings.
        process: shown in ``pg_stat_activity`` as ``kuwei-hub <process>``.
        clock: the machine's clock unless a test brings its own.
    """
    limits = PoolLimits(size=settings.grpc_threads)
    engine = connect(settings.database_url, limits, application=f"kuwei-hub {process}")
    return Hub(
        settings=settings,
        clock=clock or SystemClock(),
        unit_of_work=UnitOfWork(engine),
    )

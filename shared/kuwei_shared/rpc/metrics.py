"""Calls as Prometheus figures; labels are method and status, never a node."""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, Histogram

from kuwei_shared.rpc.edge import Observer


def observer(registry: CollectorRegistry = REGISTRY) -> Observer:
    """Return an observer that fills ``kuwei_rpc_seconds``; once per registry."""
    histogram = Histogram(
        "kuwei_rpc_seconds",
        "gRPC calls answered, by method and status.",
        ("method", "status"),
        registry=registry,
        buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60),
    )

    def observe(method: str, status: str, seconds: float) -> None:
        histogram.labels(method=method, status=status).observe(seconds)

    return observe

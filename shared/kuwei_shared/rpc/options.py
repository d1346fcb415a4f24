"""Every gRPC setting that matters, said out loud (wire.md b.2, measured there).

The defaults punish: 5 minutes between pings gives GOAWAY to faster clients, 4 MiB
messages block the loop, and an unlimited connection age keeps revoked peers.
"""

from __future__ import annotations

from typing import Final

Options = tuple[tuple[str, int], ...]

MESSAGE_BYTES_MAX: Final = 2 << 20
APPLICATION_BYTES_MAX: Final = 64 << 10
LONG_POLL_MS: Final = 50_000
AGE_GRACE_MS: Final = 75_000  # longer than a long poll

SERVER_OPTIONS: Final[Options] = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_concurrent_streams", 32),
    ("grpc.max_connection_age_ms", 1_800_000),
    ("grpc.max_connection_age_grace_ms", AGE_GRACE_MS),
    ("grpc.max_connection_idle_ms", 900_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 60_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.so_reuseport", 0),  # a second hub on the port must fail, not share it
)
# Whoever calls there has shown no certificate yet; what it may say is short.
APPLICANT_OPTIONS: Final[Options] = (
    ("grpc.max_receive_message_length", APPLICATION_BYTES_MAX),
    *SERVER_OPTIONS[1:],
)
CHANNEL_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.keepalive_time_ms", 120_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_retries", 0),  # retries are the sender's, with its own backoff
    ("grpc.use_local_subchannel_pool", 1),  # many nodes may live in one process
)

"""gRPC as Kuwei uses it: bounded, authenticated on every call, errors with type."""

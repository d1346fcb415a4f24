"""The signed way of a catalogue: a TUF repository written at a hub, read at a node.

The channel is never trusted: whatever carries the bytes (gRPC, a city's copy, a
USB stick) can at most withhold them (ADR "TUF over gRPC").
"""

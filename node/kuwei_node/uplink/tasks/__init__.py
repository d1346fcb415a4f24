"""The line to the hub, and the process that keeps it."""

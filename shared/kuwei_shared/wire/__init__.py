"""Generated messages ↔ plain values. Nothing below an edge sees a generated message."""

"""Figures from the nodes: taken in once, kept by revision, read by scope."""

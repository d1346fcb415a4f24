"""Capacity: how much a node takes on at once, and how it says no."""

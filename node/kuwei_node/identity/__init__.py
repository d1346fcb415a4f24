"""Signing in to the pages of a node."""

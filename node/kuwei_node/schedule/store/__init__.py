"""Runs as they are kept, and the rows they judge."""

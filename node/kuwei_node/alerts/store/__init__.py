"""Alerts as rows: raised in sets, read in pages."""

"""Readers of file layouts: tables of several kinds, and reports that are none."""

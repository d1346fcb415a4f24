"""Fiscal jurisdictions: who is under whom, since when, and until when."""

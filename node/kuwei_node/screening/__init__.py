"""Screening: every payment meets the whole effective catalogue, once, in order."""

"""Releases kept and handed out, who shall run which, and what became of it."""

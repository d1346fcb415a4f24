"""The rule catalogue as files: read, checked, tried, explained, locked, packed."""

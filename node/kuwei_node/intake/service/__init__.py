"""The verbs of importing payments and reference data."""

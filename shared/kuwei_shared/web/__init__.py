"""The pages' foundation: one look, one set of guards, one way to show a table."""

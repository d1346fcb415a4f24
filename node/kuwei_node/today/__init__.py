"""The first page: what came in, what was stopped, what needs a person now."""

"""Words every other part is built from: time, errors, identifiers, pages."""

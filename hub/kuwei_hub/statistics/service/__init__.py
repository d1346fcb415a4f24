"""Taking figures in, and reading them."""

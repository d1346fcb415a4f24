"""The standard catalogue: drafted, reviewed, published, browsed."""

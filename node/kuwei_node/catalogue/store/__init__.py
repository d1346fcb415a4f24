"""Queries of the catalogue; one node has one, so nothing here is per jurisdiction."""

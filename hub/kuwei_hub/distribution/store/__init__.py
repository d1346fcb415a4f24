"""Queries of distribution: the library of releases, and the ledger of adoption."""

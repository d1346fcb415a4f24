"""Rules of a bureau's own, beside the province's: proposed, decided, ended."""

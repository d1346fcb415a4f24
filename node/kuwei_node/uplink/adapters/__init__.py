"""The hub over gRPC, the identity in files, and the counting of screenings."""

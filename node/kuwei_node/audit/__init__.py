"""What staff of this node did, for the auditor (MF-15)."""

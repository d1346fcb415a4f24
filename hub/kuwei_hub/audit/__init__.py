"""What staff of this hub did, for the auditor (MF-15)."""

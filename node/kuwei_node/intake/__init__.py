"""How payments enter from files: profiles, readers, control totals, rejects."""

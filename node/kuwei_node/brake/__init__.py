"""The brake: a rule that runs away is cut to alert-only, visibly."""

"""The audit log: what staff did, in a chain that shows when a link was changed."""

"""Every statement of importing."""

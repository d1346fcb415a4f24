"""What hub and node both need; the pure core first, adapters beside it."""

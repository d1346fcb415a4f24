"""PostgreSQL: engine, unit of work, table base, bulk COPY."""

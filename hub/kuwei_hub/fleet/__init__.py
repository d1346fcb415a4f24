"""The nodes of the province: expected, enrolled, approved, heard from."""

"""The contract between hub and nodes, compiled from the .proto files."""

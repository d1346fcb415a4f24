"""Version 1 of the contract; generated modules appear beside the .proto files."""

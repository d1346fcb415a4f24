"""What is done with the catalogue at a node: put in force, tuned, adopted, reported."""

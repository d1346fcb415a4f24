"""The catalogue at a node: taken over, proved, put in force, tuned within bounds."""

"""The rules as they act here: standard, tuned, local, on trial, or tripped."""

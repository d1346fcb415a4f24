"""The monitoring node: screens one bureau's payments and keeps its raw data."""

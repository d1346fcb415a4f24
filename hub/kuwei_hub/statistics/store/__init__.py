"""Queries of the figures: the inbox, the days in force, and what months come to."""

"""Finding payments, and the page of one: what it said, what every rule said of it."""

"""Held payments, and the person who releases or refuses each."""

"""Scheduled rules: run once a day or month is over, and leave a receipt each."""

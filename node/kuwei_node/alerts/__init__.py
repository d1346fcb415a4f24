"""Alerts: hits a person should look at, joined per subject and window."""

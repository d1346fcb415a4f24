"""The province (or city) hub: writes, signs and rolls out rules; gathers statistics."""

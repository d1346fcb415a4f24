"""The generated province: a year of payments whose every violation is known.

Ordinary payments keep every rule; violations are injected one rule at a time
and written down as labels, so recall and false hits become numbers.
"""

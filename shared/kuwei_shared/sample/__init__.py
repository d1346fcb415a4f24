"""The generated province: a year of payments, and what each rule owes us of it.

Violations are injected one rule at a time; what ordinary payments come to by
themselves is seen by a witness. Both are labels, so that recall and false hits
become numbers.
"""

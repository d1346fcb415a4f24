"""What payments are judged against: units, accounts, budgets, contracts, cards."""

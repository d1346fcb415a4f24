"""Every statement that touches the payment ledger and what is summed from it."""

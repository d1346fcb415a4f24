"""What the fleet does: enrolling members, and keeping company with them."""

"""The statements that judge payments, and what is kept of them."""

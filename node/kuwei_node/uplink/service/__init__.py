"""What goes up: envelopes in order, figures of changed days, and the sending."""

"""What may be believed: keys, signatures, certificates. Pure; bytes in, facts out."""

"""What a screening is made of, whatever database it runs in."""

"""Who is asking, what they may do, and which jurisdictions they may see."""

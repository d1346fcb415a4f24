"""The payments themselves: facts that arrive once, in order, and never change."""

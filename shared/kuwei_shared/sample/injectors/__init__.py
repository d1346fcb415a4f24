"""One small injector per rule: it breaks that rule and says so in a label."""

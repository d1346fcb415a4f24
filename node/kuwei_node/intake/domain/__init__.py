"""What a file's rows mean: forms of money and dates, profiles, totals, rejects."""

"""Whether everything adds up: totals, rules, purchase options, and sources side by side."""

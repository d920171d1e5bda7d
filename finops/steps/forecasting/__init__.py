"""What will be spent, and why a time differs from another or from its forecast."""

"""What a unit of work costs: runs and their path, waste, and units of a company's own."""

"""The report page, its parts and its files."""

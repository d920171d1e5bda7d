"""What a figure means and which rows of files it comes from."""

"""What an agent or a model is worth against what it costs."""

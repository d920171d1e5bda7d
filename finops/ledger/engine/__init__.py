"""The model runner: SQL files in, tested tables out."""

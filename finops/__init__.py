"""finops: what AI agents cost, why, what they will cost, and how to keep them within bounds."""

__version__ = "0.1.0"

"""Which agents and models earn their keep."""

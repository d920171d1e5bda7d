"""What is not as it was: anomalies, drift, burn and volatility."""

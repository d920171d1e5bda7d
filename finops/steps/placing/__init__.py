"""What the same work would cost elsewhere: benchmarks, places, fleets, spot and commitments."""

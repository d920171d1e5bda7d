"""Spot capacity: interruptions in closed form, by simulation and on traces."""

"""Why two figures differ: bridges between times and gaps between sources, adding up to the last digit."""

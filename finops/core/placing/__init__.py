"""Work on other machines: what it needs, what it costs there, and fleets of several kinds."""

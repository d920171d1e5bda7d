"""Where the money goes: by owner, by unit of work, by run, and in waste."""

"""One straight-line use case per file: each joins the rooms and answers with a Result."""

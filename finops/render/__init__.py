"""The room that turns a filled page into text: HTML, Markdown, SVG."""

"""A classifier behind HTTP: what it accepts, how it answers many at once, and how it is replaced while it answers."""

"""The classifier leaves the house: as one file, as a page, behind a server; each proven to answer as the bundle does."""

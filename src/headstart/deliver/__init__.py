"""The classifier leaves the house: one file, a page, a server; each is proven to answer as the bundle does."""

"""Every sentence that a person reads about results: typed reasons in, plain English out."""

"""One pass over one object, and over one account."""

"""Random histories of a whole world, judged against a model of it."""

"""Small defects put into the gate on purpose, and the tests that have to notice each of them."""

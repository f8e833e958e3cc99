"""How good the bars are: marginals, distances of rhythm features, a classifier that tries to tell them from real."""

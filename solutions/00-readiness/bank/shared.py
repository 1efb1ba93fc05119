"""What several skills share."""


def whole(rng, *shape, largest=4):
    """Whole numbers without zeros, for work by hand, as nested lists."""
    return (rng.integers(1, largest + 1, shape) * rng.choice([-1, 1], shape)).tolist()


def one(rng, largest=5, least=1):
    """One whole number, not zero, of either sign."""
    return int(rng.integers(least, largest + 1) * rng.choice([-1, 1]))

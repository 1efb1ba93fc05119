"""Wrong programs for the small course's code exercise."""

import numpy as np

from autograder.judging.wrong_programs import Wrong

wrong = Wrong()


@wrong("running", "leaves the first factor out")
def without_the_first(factors):
    return np.cumprod(factors) / factors[0]

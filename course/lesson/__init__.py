"""What the lessons share besides nets and views: a question before a run, seeds, figures, times and errors.

    from course import lesson, predict

    guess = predict("about a half", "about a tenth")            # options to pick from before the run
    share = lesson.several_seeds(read, 5, rotations(5))         # read(key, split), for five seeds and their splits
    print(f"{share:.0%}")                                       # 93% ± 2%
    lesson.plot(steps, {"tanh": loss}, title="Loss", xlabel="step", ylabel="nats", alt="It falls from 2.3 to 0.1.")

Importing it imports neither matplotlib nor widgets, and starts no JAX backend.
"""

from course.lesson.figures import bars, heatmaps, looks, panels, plot, shown, subplots
from course.lesson.measuring import milliseconds, relative_error
from course.lesson.predicting import predict
from course.lesson.recorded import recorded
from course.lesson.seeds import Several, several, several_seeds

__all__ = [
    "Several",
    "bars",
    "heatmaps",
    "looks",
    "milliseconds",
    "panels",
    "plot",
    "predict",
    "recorded",
    "relative_error",
    "several",
    "several_seeds",
    "shown",
    "subplots",
]

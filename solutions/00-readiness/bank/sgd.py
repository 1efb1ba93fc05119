"""The skill `readiness.sgd`."""

import math

from autograder.exercise import Integer, Number, exercise

from .shared import one, whole


@exercise(
    skill="readiness.sgd",
    points=1,
    answer=Number(),
    hints=(
        "The loss of the batch is the mean of its examples' losses, and so is its gradient.",
        "The step goes against the gradient, and its length is the learning rate times the gradient's.",
    ),
)
def batch_step(w, gradients, eta):
    """A weight is w = {w}. The examples of a batch have the gradients dL/dw = {gradients}.
    The loss of the batch is the mean over its examples, and the learning rate is η = {eta}.

    What is w after one step of SGD?
    """
    return w - eta * sum(gradients) / len(gradients)


@batch_step.variant
def _(rng):
    gradients = whole(rng, 4, largest=6)
    return {"w": one(rng, 4), "gradients": gradients, "eta": rng.choice([0.1, 0.2, 0.5])}


@batch_step.mistake("You went up the gradient; to lower the loss, go against it.")
def went_up(w, gradients, eta):
    return w + eta * sum(gradients) / len(gradients)


@batch_step.mistake("You added the examples' gradients up; this batch's loss is their mean.")
def summed(w, gradients, eta):
    return w - eta * sum(gradients)


@batch_step.mistake("You gave the step alone; it starts from where the weight stands.")
def the_step_alone(w, gradients, eta):
    return -eta * sum(gradients) / len(gradients)


@batch_step.mistake("You used the first example only; a batch shares one step.")
def first_example_only(w, gradients, eta):
    return w - eta * gradients[0]


@exercise(
    skill="readiness.sgd",
    points=1,
    answer=Integer(),
    hints=(
        "An epoch goes through all examples once; each batch gives one step.",
        "What is left over at an epoch's end is a smaller batch, and makes a step too.",
    ),
)
def steps_taken(examples, batch, epochs):
    """SGD goes through {examples} examples in batches of {batch}; the last batch of an epoch may be smaller.

    How many steps has it taken after {epochs} epochs?
    """
    return epochs * math.ceil(examples / batch)


@steps_taken.variant
def _(rng):
    batch = int(rng.choice([10, 20, 25, 50]))
    return {
        "examples": batch * int(rng.integers(3, 12)) + int(rng.integers(1, batch)),
        "batch": batch,
        "epochs": int(rng.integers(2, 7)),
    }


@steps_taken.mistake("You left the smaller last batch out; it makes a step too.")
def last_batch_dropped(examples, batch, epochs):
    return epochs * (examples // batch)


@steps_taken.mistake("That is one epoch's worth; more follow.")
def a_single_epoch(examples, batch, epochs):
    return math.ceil(examples / batch)


@steps_taken.mistake("You counted a step for every example; a batch shares one.")
def a_step_an_example(examples, batch, epochs):
    return epochs * examples


@steps_taken.mistake("You let batches run over the end of an epoch; each epoch begins with a fresh batch.")
def epochs_run_together(examples, batch, epochs):
    return math.ceil(epochs * examples / batch)

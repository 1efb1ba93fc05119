"""What lesson 06 calls, in one namespace: convolutions, counts, nets that read pictures. Names are those of
their modules; `separable_layers` is the one of counts, beside that of conv."""

from course.nets.classify import DIGIT_CNN, DIGIT_MLP, seeds, train_images
from course.nets.conv import conv2d, depthwise_separable, equivariance_error, pool
from course.nets.counts import Activation, Conv, Dense, Flatten, count
from course.nets.counts import depthwise_separable as separable_layers
from course.nets.data import rotations
from course.nets.published import PUBLISHED
from course.nets.toys import shifted_digits

__all__ = [
    "Activation",
    "Conv",
    "conv2d",
    "count",
    "Dense",
    "depthwise_separable",
    "DIGIT_CNN",
    "DIGIT_MLP",
    "equivariance_error",
    "Flatten",
    "pool",
    "PUBLISHED",
    "rotations",
    "seeds",
    "shifted_digits",
    "train_images",
    "separable_layers",
]

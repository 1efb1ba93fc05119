"""Famous networks, layer by layer as data for `counts.count`.

    count(*LENET_5).parameters        # 61,706
    PUBLISHED["ResNet-50"].parameters # 25,557,032, as published

Multiply-adds are those of one example.
"""

from __future__ import annotations

from typing import NamedTuple

from course.nets.counts import (
    RBF,
    Activation,
    AdaptivePool,
    Conv,
    Dense,
    Flatten,
    Layer,
    Norm,
    Pool,
    Shape,
    residual_bottleneck,
)


class Description(NamedTuple):
    """What `count` and `build` take: an input's shape, and the layers."""

    shape: Shape
    layers: tuple[Layer, ...]


class Published(NamedTuple):
    """A network beside what its authors, or its best-known implementation, say of it."""

    description: Description
    parameters: int
    source: str


_relu, _tanh = Activation("relu"), Activation("tanh")

LENET_5 = Description(
    (1, 32, 32),
    (
        *(Conv(6, 5), _tanh, Pool(2, kind="average")),
        *(Conv(16, 5), _tanh, Pool(2, kind="average")),
        *(Conv(120, 5), _tanh, Flatten()),
        *(Dense(84), _tanh, Dense(10)),
    ),
)
"""LeNet-5 as it is written today: every map of C3 sees all six of S2, pooling learns nothing, the output is dense."""

C3_TABLE = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (4, 5, 0), (5, 0, 1)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (3, 4, 5, 0), (4, 5, 0, 1), (5, 0, 1, 2)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5)),
)
"""Which maps of S2 each of C3's sixteen sees (LeCun et al. 1998, table I)."""

LENET_5_1998 = Description(
    (1, 32, 32),
    (
        *(Conv(6, 5), _tanh, Pool(2, kind="average", learned=True), _tanh),
        *(Conv(16, 5, table=C3_TABLE), _tanh, Pool(2, kind="average", learned=True), _tanh),
        *(Conv(120, 5), _tanh, Flatten()),
        *(Dense(84), _tanh, RBF(10)),
    ),
)
"""LeNet-5 as published: C3 wired sparsely, a coefficient and a bias for each subsampled map, ten fixed codes."""

ALEXNET = Description(
    (3, 224, 224),
    (
        *(Conv(64, 11, 4, 2), _relu, Pool(3, 2)),
        *(Conv(192, 5, 1, 2), _relu, Pool(3, 2)),
        *(Conv(384, 3, 1, 1), _relu),
        *(Conv(256, 3, 1, 1), _relu),
        *(Conv(256, 3, 1, 1), _relu, Pool(3, 2)),
        *(AdaptivePool(6), Flatten()),
        *(Dense(4096), _relu, Dense(4096), _relu, Dense(1000)),
    ),
)
"""AlexNet in one column (Krizhevsky 2014), as torchvision has it; its dropout has no parameters and is left out."""

VGG_16 = Description(
    (3, 224, 224),
    (
        *(Conv(64, 3, 1, 1), _relu) * 2,
        Pool(2),
        *(Conv(128, 3, 1, 1), _relu) * 2,
        Pool(2),
        *(Conv(256, 3, 1, 1), _relu) * 3,
        Pool(2),
        *(Conv(512, 3, 1, 1), _relu) * 3,
        Pool(2),
        *(Conv(512, 3, 1, 1), _relu) * 3,
        Pool(2),
        Flatten(),
        *(Dense(4096), _relu, Dense(4096), _relu, Dense(1000)),
    ),
)
"""VGG-16 without batch norm (Simonyan & Zisserman 2015, configuration D)."""


def _stage(channels: int, blocks: int, stride: int) -> tuple[Layer, ...]:
    """A stage of ResNet: its first block changes the shape, and projects; the others keep it."""
    first = residual_bottleneck(channels, 4 * channels, stride, project=True)
    return first + residual_bottleneck(channels, 4 * channels) * (blocks - 1)


RESNET_50 = Description(
    (3, 224, 224),
    (
        *(Conv(64, 7, 2, 3, bias=False), Norm("batch"), _relu, Pool(3, 2, 1)),
        *_stage(64, 3, 1),
        *_stage(128, 4, 2),
        *_stage(256, 6, 2),
        *_stage(512, 3, 2),
        *(AdaptivePool(1), Flatten(), Dense(1000)),
    ),
)
"""ResNet-50 (He et al. 2016) with the stride on the 3×3 convolutions, as torchvision has it."""

PUBLISHED = {
    "LeNet-5": Published(LENET_5, 61_706, "LeCun et al. 1998, with a full C3, plain pooling and a dense output"),
    "LeNet-5 (1998)": Published(LENET_5_1998, 60_000, "LeCun et al. 1998, section II-B: “60,000 trainable parameters”"),
    "AlexNet": Published(ALEXNET, 61_100_840, "torchvision's alexnet, after Krizhevsky 2014"),
    "VGG-16": Published(VGG_16, 138_357_544, "torchvision's vgg16, after Simonyan & Zisserman 2015"),
    "ResNet-50": Published(RESNET_50, 25_557_032, "torchvision's resnet50, after He et al. 2016"),
}
"""By name: the description, the published number of parameters, and who says so."""

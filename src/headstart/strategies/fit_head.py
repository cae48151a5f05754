"""Strategies that train nothing of the backbone: one frozen pass, then a head solved on its features."""

from __future__ import annotations

from headstart import heads
from headstart.base.types import Affine, Head, Kernel
from headstart.bundle import Model
from headstart.strategies.fitted import FittedRun
from headstart.strategies.ground import Choices, Ground
from headstart.strategies.strategy import Strategy


def fit_head(ground: Ground, choices: Choices, strategy: Strategy) -> FittedRun:
    """Solve the head of `strategy` on the pooled features of the training pictures."""
    backbone = ground.need_backbone()
    features = ground.features(ground.train, choices.preprocessing, step="features", name="features")
    with ground.progress.step(f"{strategy.name}: solved", 1, "heads") as step:
        fitted = heads.FITTERS[strategy.head](
            features,
            ground.table.labels[ground.train],
            len(ground.classes),
            folds=ground.folds,
            seed=ground.request.seed,
        )
        step.advance()
    # The held-out pictures pass by themselves, in the batches in which the bundle would see them again.
    held_out = ground.features(ground.held_out, choices.preprocessing, step="features", name="features, held out")
    model = Model(
        network=backbone.network,
        head=fitted.head,
        preprocessing=choices.preprocessing,
        classes=ground.classes,
        device=ground.device,
    )
    return FittedRun(
        model=model,
        probabilities=fitted.head.probabilities(held_out),
        cut="pool",
        flops=backbone.flops + fitted.head.flops(),
        total=backbone.parameters + numbers_in(fitted.head),
        trained=trained_numbers(fitted.head),
        settings={**fitted.chosen, "converged": fitted.converged},
        shared=("decode", "framing", "features"),
        warnings=tuple(fitted.warnings),
    )


def numbers_in(head: Head) -> int:
    """Return how many numbers a head holds."""
    if isinstance(head, Affine):
        return head.weight.size + head.bias.size
    if isinstance(head, Kernel):
        return head.support.size + head.coefficients.size + head.bias.size
    return head.examples.size


def trained_numbers(head: Head) -> int:
    """Return how many of them were fitted: coefficients, not remembered pictures."""
    if isinstance(head, Affine):
        return head.weight.size + head.bias.size
    if isinstance(head, Kernel):
        return head.coefficients.size + head.bias.size
    return 0

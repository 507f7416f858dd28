"""The typed face of the River classes in use."""

from typing import TYPE_CHECKING, Protocol

from domain.errors import StateError
from domain.state import Plain

if TYPE_CHECKING:
    from river import optim


class Logistic(Protocol):
    """A logistic regression over named features."""

    intercept: float
    optimizer: "optim.base.Optimizer"

    @property
    def weights(self) -> dict[str, float]:
        """Return the weight of every feature that was ever learnt from."""

    def predict_proba_one(self, x: dict[str, float]) -> dict[bool, float]:
        """Return the probability of either answer."""

    def learn_one(self, x: dict[str, float], y: bool, w: float = 1.0) -> None:
        """Take one answer in."""


def logistic(rate: float, intercept_rate: float, intercept: float, shrink: float) -> Logistic:
    """Return River's logistic regression, learnt by gradient steps of a constant rate, so that it also forgets."""
    from river import linear_model, optim  # noqa: PLC0415 - takes a second and 80 MB, and many never need a model

    model: Logistic = linear_model.LogisticRegression(
        optimizer=optim.SGD(rate), l2=shrink, intercept_init=intercept, intercept_lr=intercept_rate
    )
    return model


def learnt(model: Logistic) -> list[Plain]:
    """Return what a logistic regression has learnt; the order of the weights is kept, for sums to be the same bits."""
    return [model.intercept, model.optimizer.n_iterations, [[name, weight] for name, weight in model.weights.items()]]


def relearn(model: Logistic, state: Plain) -> None:
    """Let a fresh logistic regression continue from what another had learnt."""
    match state:
        case [float() | int() as intercept, int() as steps, [*weights]]:
            model.intercept, model.optimizer.n_iterations = float(intercept), steps
            known = {str(name): float(weight) for name, weight in weights}
            from river import utils  # noqa: PLC0415 - as above

            model._weights = utils.VectorDict(known)  # type: ignore[attr-defined]  # noqa: SLF001 - River has no public way
        case _:
            raise StateError("the saved weights of a model are damaged")

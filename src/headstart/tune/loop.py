"""The training loop. `train` at the top reads as what happens; the rest says how.

Whatever an epoch depends on (order, augmentation, dropout, rate) is a function of seed, epoch and step, so a
checkpoint holds weights and optimiser only, and a training that was killed ends with the very same numbers.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from headstart.backbones.forward import tensors_hash
from headstart.base.errors import HeadstartError
from headstart.base.files import fingerprint
from headstart.base.params import bad_parameter
from headstart.base.streams import stream, stream_seed
from headstart.records.codec import from_plain, plain
from headstart.records.progress import Progress, Silent
from headstart.records.record import changed
from headstart.records.training import Epoch, TrainingSettings
from headstart.tune import checkpoint as store
from headstart.tune.averaging import Average
from headstart.tune.choosing import Judged, judge
from headstart.tune.device import accelerator_for, repeatable
from headstart.tune.finite import NotFiniteError, all_finite
from headstart.tune.history import History, Trained
from headstart.tune.memory import MicroBatch
from headstart.tune.schedule import rate_factor, steps_per_epoch
from headstart.tune.sources import RowNumbers, Source, in_batches, loaded_batches
from headstart.tune.step import Stepper
from headstart.tune.trainee import (
    EVALUATION_BATCH,
    Trainee,
    normalises_by_batch,
    predict,
    training_mode,
)
from headstart.words.findings import full_precision, short_of_memory, start_kept

__all__ = ["Trained", "Trainee", "predict", "steps_per_epoch", "train"]


def train(
    trainee: Trainee,
    source: Source,
    *,
    train_rows: RowNumbers,
    hold_out_rows: RowNumbers,
    settings: TrainingSettings,
    seed: int,
    run: str,
    draws: str | None = None,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
    device: str = "auto",
    guard: bool = True,
) -> Trained:
    """Train `trainee` and leave the chosen weights in it, in eval mode on the CPU.

    Parameters
    ----------
    trainee : Trainee
        Nothing but its parameters and statistics is changed.
    source : Source
    train_rows : array of int, (n,)
        Positions in `source` to learn from; at least two.
    hold_out_rows : array of int, (m,)
        Positions on which the best epoch is chosen. Empty: nothing is chosen, the last weights count
        (with ``settings.average``, their running mean).
    settings : TrainingSettings
    seed : int
    run : str
        The run's name, for messages.
    draws : str, optional
        The name of its random streams; None: `run`.
    checkpoint : Path, optional
        Folder in which the training leaves a checkpoint after every epoch, and from which the same call
        goes on. The caller removes it when the run is recorded.
    progress : Progress, optional
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    guard : bool
        The start is a candidate too, as epoch 0: for a suffix that starts below a solved head.

    Raises
    ------
    ConfigError
        If rows, device or precision cannot be right.
    HeadstartError
        If the loss is no longer finite in float32, or two pictures at once do not fit into memory.
    StoreError
        If a checkpoint cannot be written.
    """
    start = store.copied(trainee.state_dict()) if settings.precision != "float32" else {}
    training = _Training(
        trainee=trainee,
        source=source,
        train_rows=np.asarray(train_rows, np.int64),
        hold_out_rows=np.asarray(hold_out_rows, np.int64),
        settings=settings,
        seed=seed,
        run=run,
        draws=draws or run,
        checkpoint_folder=checkpoint,
        progress=progress or Silent(),
        device=device,
        guard=guard,
    )
    try:
        return training.run_all()
    except NotFiniteError as problem:  # of lower precision
        trainee.load_state_dict(start)
        return training.in_full_precision(problem).run_all()


@dataclass(eq=False, kw_only=True)
class _Training:
    trainee: Trainee
    source: Source
    train_rows: RowNumbers
    hold_out_rows: RowNumbers
    settings: TrainingSettings
    seed: int
    run: str
    draws: str
    checkpoint_folder: Path | None
    progress: Progress | Silent
    device: str
    guard: bool
    history: History = field(default_factory=History)
    best_weights: store.Tensors | None = None
    place: str = "the start"

    def __post_init__(self) -> None:
        _check_rows(self.train_rows, self.hold_out_rows)
        self.per_epoch = steps_per_epoch(len(self.train_rows), self.settings.batch_size)
        self.total = self.per_epoch * self.settings.epochs
        folder = self.checkpoint_folder
        self.checkpoint = None if folder is None else store.Checkpoint(folder, self._fingerprint())
        least = 2 if normalises_by_batch(self.trainee, self.settings.batch_norm) else 1
        self.memory = MicroBatch(self.settings.batch_size, least=least, tell=self._short_of_memory)
        accelerator = accelerator_for(self.device, self.settings.precision)
        self.stepper = Stepper(self.trainee, self.settings, accelerator, self.memory)
        self.average = Average(self.trainee, self.settings.average * self.per_epoch)

    def run_all(self) -> Trained:
        """Train all epochs that are left, and return how it went.

        Raises
        ------
        NotFiniteError
            In lower precision; in float32 it is a HeadstartError.
        """
        try:
            with repeatable():
                self.resume_or_begin()
                while not self.finished():
                    self.run_epoch()
                return self.result()
        except NotFiniteError as problem:
            if self.settings.precision == "float32":
                raise self._failed(problem) from None
            raise
        finally:
            self.stepper.close()

    def in_full_precision(self, problem: NotFiniteError) -> _Training:
        """Return the same training in float32, which says why."""
        found = full_precision(self.run, self.settings.precision, self._where(problem))
        self._say(found.text)
        again = replace(
            self, settings=changed(self.settings, precision="float32"), history=History(), best_weights=None
        )
        again.history.warnings.append(found)
        return again

    def resume_or_begin(self) -> None:
        """Go on from the checkpoint if there is one of this training; otherwise judge the start."""
        saved = self.checkpoint.load(self._say) if self.checkpoint else None
        if saved is not None:
            self._restore(saved)
            self._say(f"continuing after epoch {len(self.history.epochs)} of {self.settings.epochs}.")
        elif self.guard and len(self.hold_out_rows):
            self._note(0, self._judge())

    def finished(self) -> bool:
        """Return whether all epochs are done, or `patience` of them brought nothing."""
        done, patience = len(self.history.epochs), self.settings.patience
        chosen = self.history.best_epoch(self.settings.keep)
        if done < self.settings.epochs and patience and chosen is not None and done - chosen >= patience:
            self._say(f"stopped after epoch {done} of {self.settings.epochs}: epoch {chosen} was the best.")
            return True
        return done >= self.settings.epochs

    def run_epoch(self) -> None:
        """Train one epoch, judge it, keep a checkpoint and hand over the record."""
        epoch = len(self.history.epochs) + 1
        begin = time.perf_counter()
        loss, accuracy = self._train_epoch(epoch)
        trained = time.perf_counter() - begin
        judged = self._judge() if len(self.hold_out_rows) else None
        if judged is not None:
            self._note(epoch, judged)
        record = Epoch(
            epoch=epoch,
            train_loss=loss,
            train_accuracy=accuracy,
            choosing_loss=judged.loss if judged else None,
            choosing_accuracy=judged.accuracy if judged else None,
            learning_rate=self.settings.head_rate * self._factor(epoch, self.per_epoch // 2),
            seconds=time.perf_counter() - begin,
            images_per_second=len(self.train_rows) / trained,
        )
        self.history.epochs.append(record)
        self._save(epoch)
        self.progress.epoch(self.run, record)

    def result(self) -> Trained:
        """Put the chosen weights into the trainee and say how it went."""
        chosen = self.history.best_epoch(self.settings.keep)
        if self.best_weights is not None:
            self.trainee.load_state_dict(self.best_weights)
        elif self.average.tensors:
            self.trainee.load_state_dict(self.average.tensors)
        if chosen == 0:
            self.history.warnings.append(start_kept(self.run, len(self.hold_out_rows)))
        return Trained(
            epochs=tuple(self.history.epochs),
            chosen_epoch=chosen,
            chosen=None if chosen is None else self.history.judged[str(chosen)],
            start=self.history.judged.get("0"),
            micro_batch=self.memory.size,
            device=self.stepper.accelerator.device.type,
            answers=tuple(entry.right for entry in self.history.judged.values()),
            warnings=tuple(self.history.warnings),
            precision=self.settings.precision,
        )

    def _train_epoch(self, epoch: int) -> tuple[float, float]:
        """Return the mean loss and the accuracy over the epoch's batches."""
        loss, correct, count = 0.0, 0, len(self.train_rows)
        order = stream(self.seed, "order", epoch).permutation(self.train_rows)
        batches = in_batches(order, self.settings.batch_size)
        training_mode(self.trainee, self.settings.batch_norm)
        name = f"{self.run}: epoch {epoch} of {self.settings.epochs}"
        with self.progress.step(name, count) as bar:
            for number, (rows, loaded) in enumerate(loaded_batches(self.source, batches, epoch)):
                self.place = f"epoch {epoch}, step {number + 1}"
                result = self.stepper.step(
                    self.source,
                    loaded,
                    self.source.labels[rows],
                    factor=self._factor(epoch, number),
                    seed=stream_seed(self.seed, self.draws, epoch, number),
                )
                self.average.update()
                loss, correct = loss + result.loss, correct + result.correct
                bar.advance(len(rows))
        if not all_finite(self.trainee):
            raise NotFiniteError
        return loss / count, correct / count

    def _factor(self, epoch: int, number: int) -> float:
        step = (epoch - 1) * self.per_epoch + number
        return rate_factor(step, total=self.total, per_epoch=self.per_epoch, settings=self.settings)

    def _judge(self) -> Judged:
        """Return what the hold-out says about the weights as they are now, or their mean."""
        with self.average.in_place():
            scores = self.memory.run(
                lambda size: predict(
                    self.trainee, self.source, self.hold_out_rows, batch_size=min(size, EVALUATION_BATCH)
                )
            )
        if not np.isfinite(scores).all():
            raise NotFiniteError
        return judge(scores, self.source.labels[self.hold_out_rows], self.settings.choose)

    def _note(self, epoch: int, judged: Judged) -> None:
        self.history.judged[str(epoch)] = judged
        if self.history.best_epoch(self.settings.keep) == epoch:
            self.best_weights = store.copied(self.average.tensors or self.trainee.state_dict())

    def _save(self, epoch: int) -> None:
        if self.checkpoint is None:
            return
        self.history.micro_batch, self.history.averaged = self.memory.size, self.average.seen
        scaler = self.stepper.accelerator.scaler
        facts = {"history": plain(self.history), "scaler": scaler.state_dict() if scaler else None}
        tensors = {
            **store.with_prefix("weights", self.trainee.state_dict()),
            **store.with_prefix("optimizer", store.optimizer_tensors(self.stepper.optimizer)),
            **store.with_prefix("average", self.average.tensors),
        }
        chosen = self.history.best_epoch(self.settings.keep)
        kept = None if chosen is None or self.best_weights is None else (chosen, self.best_weights)
        self.checkpoint.save(epoch, facts, tensors, kept)

    def _restore(self, saved: store.Saved) -> None:
        self.history = from_plain(saved.facts["history"], History, "checkpoint")
        self.memory.size = self.history.micro_batch
        self.best_weights = saved.best
        device = self.stepper.accelerator.device
        self.average.restore(store.below_prefix("average", saved.tensors), self.history.averaged, device)
        self.trainee.load_state_dict(store.below_prefix("weights", saved.tensors))
        store.restore_optimizer(self.stepper.optimizer, store.below_prefix("optimizer", saved.tensors))
        if self.stepper.accelerator.scaler is not None and saved.facts["scaler"]:
            self.stepper.accelerator.scaler.load_state_dict(saved.facts["scaler"])

    def _fingerprint(self) -> str:
        """Return what says that two calls are the same training."""
        parts: Mapping[str, Any] = {
            "settings": plain(self.settings),
            "seed": self.seed,
            "run": self.draws,
            "train_rows": self.train_rows,
            "hold_out_rows": self.hold_out_rows,
            "labels": self.source.labels,
            "source": self.source.describe(),
            "guard": self.guard,
            "start": tensors_hash(self.trainee),
        }
        return fingerprint(parts)

    def _failed(self, problem: NotFiniteError) -> HeadstartError:
        """Return the error that says where numbers were no longer finite, and what may help."""
        lower = f"head_rate={self.settings.head_rate / 10:g}, backbone_rate={self.settings.backbone_rate / 10:g}"
        return HeadstartError(
            f"The loss of {self.run} was no longer a finite number in {self._where(problem)}: training failed.",
            hint=f"Try lower learning rates ({lower}), gradient clipping (clip=1.0) or precision 'float32'.",
        )

    def _where(self, problem: NotFiniteError) -> str:
        return self.place if problem.layer is None else f"{self.place}, first behind layer '{problem.layer}'"

    def _short_of_memory(self, before: int, now: int) -> None:
        found = short_of_memory(self.run, before, now)
        self.history.warnings.append(found)
        self._say(found.text)

    def _say(self, text: str) -> None:
        self.progress.message(f"{self.run}: {text}")


def _check_rows(train_rows: RowNumbers, hold_out_rows: RowNumbers) -> None:
    if len(train_rows) < 2:
        raise bad_parameter("train_rows", "train", "at least two pictures", len(train_rows))
    shared = np.intersect1d(train_rows, hold_out_rows)
    if len(shared):
        raise bad_parameter("hold_out_rows", "train", "other pictures than train_rows", shared[:5].tolist())

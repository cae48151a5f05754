"""Answers for many pictures: written as they come, each once, whatever ends the process."""

from headstart.deliver.answers.answering import Answering
from headstart.deliver.answers.asked import Asked, Listed
from headstart.deliver.answers.passed import PassedOver
from headstart.deliver.answers.shards import SCHEMA, Shards, current_folder, opened
from headstart.deliver.answers.watching import Watch

__all__ = [
    "SCHEMA",
    "Answering",
    "Asked",
    "Listed",
    "PassedOver",
    "Shards",
    "Watch",
    "current_folder",
    "opened",
]

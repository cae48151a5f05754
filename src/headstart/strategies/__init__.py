"""The ways of transferring: the table of them, and how one is fitted.

Each name is imported when it is first used: fitting a head on a known network needs no torch.
"""

from __future__ import annotations

from headstart.strategies.strategy import STRATEGIES, Strategy, choose_strategies

__all__ = ["STRATEGIES", "Strategy", "choose_strategies"]

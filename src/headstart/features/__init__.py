"""What the frozen network says about every picture: one pass, kept on disk, used by every head."""

from headstart.features.extract import PLAIN, View, extract, stands
from headstart.features.store import FeatureStore, StoredRows

__all__ = ["PLAIN", "FeatureStore", "StoredRows", "View", "extract", "stands"]

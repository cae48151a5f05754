"""The run folder of the sample results, made without training."""

from report.page.conftest import results, run_folder  # noqa: F401 - fixtures that stand in another room

"""One page that shows an experiment: `report.html` in the run folder, a single file that asks nobody for anything.

``reading`` takes the run folder in, ``answers`` finds what is worth looking at, ``drawings`` and its neighbours draw,
``parts`` says what stands in each section, ``pictures`` makes the thumbnails, and ``building`` puts it together.
"""

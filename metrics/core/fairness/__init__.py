"""Regions side by side, judged fairly: intervals, funnel bands, ranges of places, standardisation.

``judge.judged`` is the entry for a league; ``squares.with_squares`` goes before it where the metric may be a mean,
``standardise.standardised`` answers what a different mix of cases explains, ``ranks.ranges_of_draws`` ranks anything simulated.
"""

"""Labelled data sets played as bandits: the fast learner against Vowpal Wabbit, on the same shuffles in one run.

`python -m benchmarks.bandit` shows each row of a set once, in a random order; the learner names a class and is told only
whether it was right. The score is the share of right answers over the one pass, errors of the beginning included.

scikit-learn (the data sets) and vowpalwabbit (the peer) come from this interpreter or from the one that the environment
variable NBATOOL_BENCH_PEERS names; without them the sets read from NBATOOL_REAL_DATA are played, and nobody to compare
with.
"""

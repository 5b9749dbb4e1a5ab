"""Sixty days from a cold start on a world whose truth is known: regret of every policy against the oracle.

`python -m benchmarks.closed_loop` runs nbatool through its real commands (`ingest`, `learn`, `train` every few days,
`score` nightly; decisions are read from the action file, contacts and outcomes come back as events the next day), and
beside it, on the same world with the same random numbers, policies that run in this process.

    trial      one policy lived through the days: what it chose, what that is truly worth
    plain      nothing, a lottery, the best single action, A/B test then commit, hand-written rules
    learners   a nightly-retrained greedy model, and plain linear Thompson sampling
    vw         Vowpal Wabbit, in the interpreter that has it
    commands   nbatool by its commands
    judged     figures: cumulative regret, its share at the end, days until back after a switch
    shown      the table, the plot by day, and CSV
"""

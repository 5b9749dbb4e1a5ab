"""nbatool against the bare alternative, stage by stage, on a made-up shop.

`python -m benchmarks` makes the worlds it needs, measures each stage and its bare alternative in turn, every run in
a process of its own, and prints one table: time, peak memory, ratio, and whether the mark is met. Nothing here is a
test: times are printed, never asserted.

    world_size   how fast the made-up shop itself is written
    ingest       files into the warehouse, against DuckDB's bare typed load into a file
    features     what is known about everybody, against one hand-written query; twice as long with twice the events?
    train        a model version, against LightGBM's own fit on the same matrices
    score        a decision for everybody, against plain `Booster.predict` over the same rows
    decide_cold  one decision by the command line, against `python -c "import typer, numpy"`
    decide_warm  one decision in a running process, against `Booster.predict` of its candidates
    stream       decisions a second through `nbatool decide`
    clv          BG/NBD, Gamma-Gamma and lifetime value, against lifetimes
    publish      how long publishing a night's state makes a live writer wait
"""

-- makes: decisions
-- grain: one row per slot of a decision, unique by (source, decision_id, slot)
-- reads: nothing
-- params: none
create table if not exists decisions (
    source varchar not null,        -- 'nbatool': this workspace's own
    decision_id varchar not null,
    source_id varchar,              -- the customer's id in the source; null: anonymous
    as_of timestamp not null,       -- UTC
    slot integer not null,          -- position in the answer, from 1
    action_id varchar not null,
    channel varchar,                -- null: nothing, or not logged
    probability double,             -- overall chance of this choice, what estimators use; null: not logged
    probability_in_arm double,      -- the chance within its arm
    arm varchar,
    policy varchar,                 -- which logging policy or model version chose
    candidate_set varchar,          -- null: not logged
    probabilities float[],          -- overall, aligned with the candidates of the set
    net_values float[],             -- currency, aligned likewise
    removed tinyint[],              -- 0: was possible; else which step removed it; aligned likewise
    context varchar,                -- JSON object
    detail varchar,                 -- JSON: seed, expected outcomes, funnel
    batch_id varchar not null       -- '@live': drained from the journal
)

-- makes: outcomes
-- grain: one row per outcome told of a decision, unique by (source, decision_id, slot, outcome_id)
-- reads: nothing
-- params: none
create table if not exists outcomes (
    source varchar not null,        -- may differ from the decision's
    decision_id varchar not null,
    slot integer,                   -- null: of the whole decision
    outcome_id varchar not null,
    objective varchar,              -- null: the only one
    ts timestamp,                   -- UTC; null: told with the decision
    value decimal(18, 4) not null,
    batch_id varchar not null       -- '@live': drained from the journal
)

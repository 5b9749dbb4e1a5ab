-- makes: contact_states
-- grain: one row per decision, status and time it was said of
-- reads: nothing
-- params: none
create table if not exists contact_states (
    decision_id varchar not null,
    status varchar not null,        -- sent | released | expired: it earns no outcome
    ts timestamp                    -- UTC; null: not told
)

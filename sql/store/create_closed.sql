-- makes: closed
-- grain: one row per closed outcome window, unique by (decision_id, slot)
-- reads: nothing
-- params: none
create table if not exists closed (
    position bigint not null,       -- order of closing
    decision_id varchar not null,
    slot integer not null,
    as_of timestamp not null,       -- UTC
    outcome double not null,        -- weighted sum over the objectives, in currency
    closed_at timestamp not null    -- UTC
)

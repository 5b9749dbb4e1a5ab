-- makes: changes
-- grain: one row per change found in what an action brings
-- reads: nothing
-- params: none
create table if not exists changes (
    action_id varchar not null,
    since timestamp not null,       -- UTC; decisions from here on differ
    seen timestamp not null,        -- UTC; day of the decisions that gave it away
    kept double not null,           -- what a decision from before still counts, 0 to 1
    detail varchar not null         -- JSON: from what to what, and how sure
)

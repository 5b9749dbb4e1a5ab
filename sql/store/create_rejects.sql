-- makes: rejects
-- grain: one row per rejected row of a file
-- reads: nothing
-- params: none
create table if not exists rejects (
    batch_id varchar not null,      -- not in batches: the load was refused as a whole
    source varchar not null,
    file varchar not null,
    line bigint,                    -- 1-based line of the file; the row's number where a file has no lines
    reason varchar not null,        -- short, the same text for the same fault
    detail varchar,                 -- what was found
    raw varchar                     -- the row as it stands in the file
)

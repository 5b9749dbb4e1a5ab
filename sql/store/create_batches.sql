-- makes: batches
-- grain: one row per loaded file
-- reads: nothing
-- params: none
create table if not exists batches (
    batch_id varchar not null,
    source varchar not null,
    kind varchar not null,
    file varchar not null,
    fingerprint varchar not null,   -- BLAKE2 of the file's bytes and of its lookup files
    map_hash varchar not null,      -- BLAKE2 of everything in [[source]] that decides how rows are read
    rows bigint not null,
    accepted bigint not null,
    duplicate bigint not null,
    rejected bigint not null,
    loaded_at timestamp not null
)

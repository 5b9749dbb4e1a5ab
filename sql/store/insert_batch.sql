-- makes: rows in batches
-- grain: one row
-- reads: nothing
-- params: the columns of batches, loaded_us for loaded_at
insert into batches
values (
    $batch_id, $source, $kind, $file, $fingerprint, $map_hash, $rows, $accepted, $duplicate, $rejected,
    make_timestamp($loaded_us)
)

-- makes: a query result
-- grain: one row per loaded file
-- reads: batches
-- params: none
select
    batch_id, source, kind, file, fingerprint, map_hash, rows, accepted, duplicate, rejected,
    epoch_us(loaded_at) as loaded_us
from batches
order by batch_id

-- makes: rows in consent
-- grain: one row per new consent record
-- reads: staged, surplus, known
-- params: source, batch_id
insert into consent
select $source, customer_id, channel, ts, state, purpose, address, $batch_id
from staged
where
    reason is null
    and not exists (select 1 from surplus where surplus._row = staged._row)
    and not exists (select 1 from known where known._row = staged._row and not wins)

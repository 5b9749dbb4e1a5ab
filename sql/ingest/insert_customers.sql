-- makes: rows in customers
-- grain: one row per new or changed customer record
-- reads: staged, surplus, known
-- params: source, batch_id
insert into customers
select $source, customer_id, ts, timezone, account_id, attributes, $batch_id
from staged
where
    reason is null
    and not exists (select 1 from surplus where surplus._row = staged._row)
    and not exists (select 1 from known where known._row = staged._row and not differs)

-- makes: rows in customers
-- grain: one row per new or changed customer record
-- reads: staged, surplus, known
-- params: source, batch_id
insert into customers
select $source, customer_id, ts, timezone, account_id, attributes, $batch_id
from staged
where
    reason is null
    and _row not in (select _row from surplus)
    and _row not in (select _row from known where not differs)

-- makes: known, staged customer records stored already, with the same or another content
-- grain: one row per such record
-- reads: staged, surplus, customers, batches
-- params: source
create or replace temp table known as
select
    s._row,
    b.file,
    row(s.timezone, s.account_id, s.attributes) is distinct from row(c.timezone, c.account_id, c.attributes) as differs,
    s.customer_id,
    s.ts
from staged as s
join customers as c
    on c.source = $source and c.source_id = s.customer_id and c.valid_from is not distinct from s.ts
left join batches as b on b.batch_id = c.batch_id
where s.reason is null and not exists (select 1 from surplus where surplus._row = s._row)

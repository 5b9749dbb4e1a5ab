-- makes: known, staged consent records that are stored already
-- grain: one row per such record
-- reads: staged, surplus, consent, batches
-- params: source
create or replace temp table known as
select
    s._row,
    b.file,
    s.state <> c.state as differs,
    s.state = 'out' and c.state = 'in' as wins,
    s.customer_id, s.channel, s.ts, s.purpose, s.address
from staged as s
join consent as c
    on
        c.source = $source
        and c.source_id = s.customer_id
        and c.channel = s.channel
        and c.ts = s.ts
        and c.purpose is not distinct from s.purpose
        and c.address is not distinct from s.address
left join batches as b on b.batch_id = c.batch_id
where s.reason is null and not exists (select 1 from surplus where surplus._row = s._row)

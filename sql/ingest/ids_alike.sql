-- makes: a query result
-- grain: one row per pair of sources whose ids are equal only as numbers
-- reads: events, customers
-- params: none
with ids as (
    select distinct source, source_id from events
    union
    select distinct source, source_id from customers
),
numbers as (
    select source, source_id, ltrim(regexp_replace(source_id, '\.0+$', ''), '0') as number
    from ids
    where regexp_full_match(source_id, '\d+(\.0+)?')
)
select
    a.source,
    b.source as other_source,
    count(*) as n_ids,
    min(a.source_id) as example,
    arg_min(b.source_id, a.source_id) as other_example
from numbers as a
join numbers as b on b.number = a.number and b.source <> a.source and b.source_id <> a.source_id
where
    a.source_id <> a.number
    and not exists (select 1 from ids as i where i.source = b.source and i.source_id = a.source_id)
group by a.source, other_source
order by a.source, other_source

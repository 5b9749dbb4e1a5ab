-- makes:  the keys of the JSON objects in one column
-- grain:  one row a key, the most frequent first
-- reads:  one_column
-- params: none
with objects as (
    select cell
    from one_column
    where case when json_valid(cell) then json_type(cell) = 'OBJECT' end
),
keys as (
    select cell, unnest(json_keys(cell)) as key
    from objects
)
select
    key,
    bool_or(coalesce(json_type(cell, '/' || replace(replace(key, '~', '~0'), '/', '~1')) in ('OBJECT', 'ARRAY'), false))
        as nested
from keys
group by key
order by count(*) desc, key
limit 60

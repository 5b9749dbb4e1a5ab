-- makes:  the top-level keys of a JSON file and whether any value under them is an object or a list
-- grain:  one row a key, in the order of first appearance
-- reads:  objects
-- params: none
with numbered as (
    select row_number() over () as position, line
    from objects
),
keys as (
    select position, line, unnest(json_keys(line)) as key, generate_subscripts(json_keys(line), 1) as place
    from numbered
)
select
    key,
    bool_or(coalesce(json_type(line, '/' || replace(replace(key, '~', '~0'), '/', '~1')) in ('OBJECT', 'ARRAY'), false))
        as nested
from keys
group by key
order by min(position * 10000 + place)

-- makes: the names under which outcomes and the context of exported decisions stand
-- grain: one row per kind of name and name
-- reads: decisions, outcomes
-- params: source (null: all), from_us, until_us (µs since 1970 UTC; null: no limit); unnamed, whose the
--   outcomes are that name none (null: nobody's)
with chosen as (
    select decision_id, context
    from decisions
    where
        ($source is null or source = $source)
        and ($from_us is null or as_of >= make_timestamp($from_us))
        and ($until_us is null or as_of < make_timestamp($until_us))
)
select distinct 'outcome' as kind, coalesce(objective, $unnamed, '') as name
from outcomes
where decision_id in (select decision_id from chosen)
union
select 'context', unnest(json_keys(context))
from chosen
where context is not null
order by kind, name

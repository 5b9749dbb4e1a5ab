-- makes: told, the outcomes that staged decisions bring
-- grain: one row per (decision_id, slot, outcome_id); of several values the greatest, so that no order matters
-- reads: logged
-- params: none
create or replace temp table told as
with observed as (
    -- dsjson's list of late observations; those with a name are outcomes of their own
    select
        decision_id,
        slot,
        outcomes,
        case
            when json_valid(observations) and json_type(observations) = 'ARRAY'
            then list_transform(
                json_extract(observations, '$[*]'),
                lambda o: {
                    'outcome_id': coalesce(o ->> 'outcome_id', o ->> 'objective'),
                    'objective': o ->> 'objective',
                    'whole': json_type(o, '$.slot') = 'NULL',
                    'ts': try_cast(o ->> 'ts' as timestamp),
                    'value': try_cast(o ->> 'v' as decimal(18, 4))
                }
            )
        end as late
    from logged
),
listed as (
    select
        decision_id,
        slot,
        list_filter(late, lambda o: o.outcome_id is not null) as named,
        cast(list_sum(list_transform(late, lambda o: o.value)) as decimal(18, 4)) as late_sum,
        outcomes
    from observed
),
rows_of as (
    select
        decision_id,
        case when not coalesce(o.whole, false) then slot end as slot,
        o.outcome_id,
        o.objective,
        o.ts,
        o.value
    from (select decision_id, slot, unnest(named) as o from listed where len(named) > 0) as named
    union all
    select
        decision_id,
        slot,
        o.name,
        o.name,
        null,
        -- a cost of 0 may only mean that nothing was joined yet
        case when o.name = 'reward' and coalesce(o.value, 0) = 0 then coalesce(late_sum, o.value) else o.value end
    from (
        select decision_id, slot, late_sum, unnest(outcomes) as o from listed where coalesce(len(named), 0) = 0
    ) as unnamed
)
select
    decision_id,
    slot,
    outcome_id,
    arg_max(objective, value) as objective,
    arg_max(ts, value) as ts,
    max(value) as value
from rows_of
where value is not null
group by decision_id, slot, outcome_id

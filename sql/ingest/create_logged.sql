-- makes: logged, the good staged decisions as they are stored
-- grain: one row per slot of a decision
-- reads: staged, logged_candidates, logged_context
-- params: none
create or replace temp table logged as
with contexts as (
    select
        _row,
        '{' || string_agg(cast(to_json(name) as varchar) || ':' || cast(atom as varchar), ',' order by name) || '}'
            as context
    from logged_context
    group by _row
)
select
    s._row,
    s.decision_id,
    s.customer_id as source_id,
    s.ts as as_of,
    coalesce(s.position, 1) as slot,
    s.action_id,
    case when s.action_id <> 'nothing' then s.channel end as channel,
    coalesce(s.probability, c.chance) as probability,
    s.probability_in_arm,
    s.arm,
    s.policy,
    md5(c.candidates) as candidate_set,
    c.candidates,
    cast(c.chances as float[]) as probabilities,
    coalesce(s.context, contexts.context) as context,
    s.outcomes,
    s.observations,
    s.status,
    c.problem
from staged as s
left join logged_candidates as c using (_row)
left join contexts using (_row)
where s.reason is null

-- makes: the decision log with what came of it
-- grain: one row per slot of a decision, in the order of time
-- reads: decisions, candidate_sets, outcomes, contact_states
-- params: source (null: all), from_us, until_us (µs since 1970 UTC; null: no limit)
with chosen as (
    select *
    from decisions
    where
        ($source is null or source = $source)
        and ($from_us is null or as_of >= make_timestamp($from_us))
        and ($until_us is null or as_of < make_timestamp($until_us))
),
told as (
    select
        c.source,
        c.decision_id,
        c.slot,
        list({
            'outcome_id': o.outcome_id,
            'objective': o.objective,
            'ts': strftime(o.ts, '%Y-%m-%dT%H:%M:%S.%fZ'),
            'value': o.value,
            'whole': o.slot is null
        }) as outcomes
    from chosen as c
    join outcomes as o on o.decision_id = c.decision_id and (o.slot is null or o.slot = c.slot)
    group by c.source, c.decision_id, c.slot
),
states as (
    -- what was released was never shown, whatever was said of it before
    select decision_id, min(status) as status
    from contact_states
    group by decision_id
)
select
    d.source, d.decision_id, d.slot, d.source_id as customer_id, epoch_us(d.as_of) as as_of_us, d.action_id, d.channel,
    d.probability, d.probability_in_arm, d.arm, d.policy, s.candidates, d.probabilities, d.net_values, d.context,
    states.status, told.outcomes
from chosen as d
left join candidate_sets as s using (candidate_set)
left join told using (source, decision_id, slot)
left join states using (decision_id)
order by d.as_of, d.source, d.decision_id, d.slot

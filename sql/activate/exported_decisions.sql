-- makes: the decision log with what came of it
-- grain: one row per slot of a decision, in the order of time
-- reads: decisions, candidate_sets, outcomes, contact_states, closed
-- params: source (null: all), from_us, until_us (µs since 1970 UTC; null: no limit); each_slot, whether each slot of a
--   slate has an outcome of its own; else the slate has one, which stands at its first slot
with chosen as (
    select *, min(slot) over (partition by source, decision_id) as first_slot
    from decisions
    where
        ($source is null or source = $source)
        and ($from_us is null or as_of >= make_timestamp($from_us))
        and ($until_us is null or as_of < make_timestamp($until_us))
),

sources as (select distinct source from decisions),

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
    join outcomes as o
        on o.decision_id = c.decision_id
        and (o.slot = c.slot or (o.slot is null and c.slot = c.first_slot))
        -- Sources may number their decisions alike; what came with a decision is that decision's.
        and (o.source = c.source or o.source not in (select source from sources))
    group by c.source, c.decision_id, c.slot
),

states as (
    -- the last thing said counts; at one instant the more careful one
    select
        decision_id,
        arg_max(status, {'ts': coalesce(ts, timestamp '1970-01-01'), 'careful': status <> 'sent'}) as status
    from contact_states
    group by decision_id
),

found as (
    select
        d.*,
        s.candidates,
        case
            when d.source = 'nbatool' and ($each_slot or d.slot = d.first_slot) then c.outcome
        end as closed_outcome,                                      -- currency, weighted, over all objectives
        states.status,
        -- What was not made, or is not known to have been, says nothing about its action.
        coalesce(states.status in ('released', 'expired'), false) and c.outcome is null as is_skipped,
        told.outcomes
    from chosen as d
    left join candidate_sets as s using (candidate_set)
    left join told using (source, decision_id, slot)
    left join states using (decision_id)
    left join closed as c on d.source = 'nbatool' and c.decision_id = d.decision_id and c.slot = d.slot
)

select
    source, decision_id, slot, source_id as customer_id, epoch_us(as_of) as as_of_us, action_id, channel, probability,
    probability_in_arm, arm, policy, candidates, probabilities, net_values, context, status, outcomes, closed_outcome,
    is_skipped,
    -- where the outcome of a slate stands at its first slot, the others wait for none
    not is_skipped and closed_outcome is null and outcomes is null and ($each_slot or slot = first_slot) as lacks_outcome
from found
order by as_of, source, decision_id, slot

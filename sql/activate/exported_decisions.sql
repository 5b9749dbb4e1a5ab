-- makes: the decision log with what came of it
-- grain: one row per slot of a decision, in the order of time
-- reads: decisions, candidate_sets, outcomes, contact_said, closed, reviewed, logged, brought, registered by the caller
-- params: source (null: all), from_us, until_us (µs since 1970 UTC; null: no limit); each_slot, whether each slot of a
--   slate has an outcome of its own; else the slate has one, which stands at its first slot; objectives, their names, and
--   within_us, their windows; unnamed, whose the outcomes are that name none (null: nobody's)
with chosen as (
    select
        d.*,
        min(d.slot) over (partition by d.source, d.decision_id) as first_slot,
        -- Until a person lets it go out nothing comes of it.
        case when r.decision_id is null then d.as_of else r.out_at end as began
    from decisions as d
    left join reviewed as r on d.source = 'nbatool' and r.decision_id = d.decision_id
    where
        ($source is null or d.source = $source)
        and ($from_us is null or d.as_of >= make_timestamp($from_us))
        and ($until_us is null or d.as_of < make_timestamp($until_us))
),

sources as (select distinct source from decisions),

objectives as (
    select unnest(cast($objectives as varchar[])) as name, unnest(cast($within_us as bigint[])) as within_us
),

told as (
    select
        c.source,
        c.decision_id,
        c.slot,
        sum(o.value)::double as total,
        list({
            'outcome_id': o.outcome_id,
            'objective': o.objective,
            'ts': strftime(o.ts, '%Y-%m-%dT%H:%M:%S.%fZ'),
            'value': o.value,
            'whole': o.slot is null,
            -- what no objective asks for is no part of the outcome; without any objective everything is
            'counts': w.name is not null or len($objectives) = 0
        }) as outcomes
    from chosen as c
    join outcomes as o
        on o.decision_id = c.decision_id
        and (o.slot = c.slot or (o.slot is null and c.slot = c.first_slot))
        -- Sources may number their decisions alike; what came with a decision is that decision's.
        and (o.source = c.source or o.source not in (select source from sources))
    left join objectives as w on w.name = coalesce(o.objective, $unnamed)
    where
        -- What happened before a contact, or after the window of its objective, did not come of it.
        o.ts is null
        or (o.ts >= c.began and (w.name is null or epoch_us(o.ts) < epoch_us(c.began) + w.within_us))
    group by c.source, c.decision_id, c.slot
),

states as (
    -- The last thing said of a contact counts; who confirms after the wait comes too late for one that expired.
    select
        decision_id,
        case
            when status is distinct from 'released' and has_expired and decision_id not in (select decision_id from closed)
            then 'expired'
            else status
        end as status
    from contact_said
),

found as (
    select
        d.*,
        s.candidates,
        states.status,
        -- What was not made, or is not known to have been, says nothing about its action.
        coalesce(states.status in ('released', 'expired'), false) as is_skipped,
        case
            when d.source = 'nbatool' and ($each_slot or d.slot = d.first_slot) then c.outcome
        end as closed,
        b.outcome as brought,
        told.total,
        told.outcomes
    from chosen as d
    left join candidate_sets as s using (candidate_set)
    left join told using (source, decision_id, slot)
    left join states using (decision_id)
    left join closed as c on d.source = 'nbatool' and c.decision_id = d.decision_id and c.slot = d.slot
    left join logged as l on l.source = d.source and l.decision_id = d.decision_id and l.slot = d.slot
    left join brought as b on b.row = l.row
),

counted as (
    select
        *,
        case when not is_skipped then closed end as closed_outcome, -- currency, weighted, over all objectives
        case
            when is_skipped then null
            when len($objectives) = 0 then coalesce(closed, total)
            when source = 'nbatool' then closed
            else brought
        end as outcome                                              -- currency, weighted, over all objectives
    from found
)

select
    source, decision_id, slot, source_id as customer_id, epoch_us(as_of) as as_of_us, action_id, channel, probability,
    probability_in_arm, arm, policy, candidates, probabilities, net_values, context, status, outcomes, closed_outcome,
    outcome, is_skipped,
    -- where the outcome of a slate stands at its first slot, the others wait for none
    not is_skipped and outcome is null and ($each_slot or slot = first_slot) as lacks_outcome
from counted
order by as_of, source, decision_id, slot

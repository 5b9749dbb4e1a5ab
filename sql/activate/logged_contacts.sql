-- makes: the contacts that the decision log knows of, and what was last said of each. A decision that waited for a person
--   counts from when it went out, apart from its night; one that a guardrail took out is logged as nothing
-- grain: one row per contact, by night (live and reviewed ones first), customer, decision and slot
-- reads: decisions, contact_states, contact_said, reviewed
-- params: $nights, moments of nights; $since, a time from which on live decisions are asked about;
--   $visitor, begins the name of a customer nobody knows
with words as (
    select decision_id, max(ts) as ts
    from contact_states
    where status <> 'expired'
    group by decision_id
)

select
    d.batch_id = '@night' and r.decision_id is null as is_night,
    epoch_us(coalesce(r.out_at, d.as_of)) as at_us, -- µs since 1970 UTC
    coalesce(d.source_id, $visitor || d.decision_id) as customer_id,
    d.decision_id,
    d.slot,
    d.action_id,
    d.channel,
    said.status,                        -- null: nothing was said
    epoch_us(w.ts) as said_us           -- µs since 1970 UTC; null: nothing was said, or not when
from decisions as d
left join contact_said as said on said.decision_id = d.decision_id
left join words as w on w.decision_id = d.decision_id
left join reviewed as r on r.decision_id = d.decision_id
where
    d.source = 'nbatool'
    and d.action_id <> 'nothing'
    and (
        (d.batch_id = '@live' and d.as_of >= $since)
        or (d.batch_id = '@night' and r.decision_id is null and d.as_of in (select unnest($nights)))
        or r.out_at >= $since
    )
order by is_night, at_us, customer_id, d.decision_id, d.slot

-- makes: what was last said of each contact of a night that the decision log knows of
-- grain: one row per decision
-- reads: decisions, contact_states, contact_said, reviewed
-- params: $since, a time from which on contacts are asked about
with words as (
    select decision_id, max(ts) as ts
    from contact_states
    where status <> 'expired'
    group by decision_id
)

select
    d.decision_id,
    said.status,
    epoch_us(coalesce(w.ts, r.out_at, d.as_of)) as said_us -- µs since 1970 UTC
from decisions as d
inner join contact_said as said on said.decision_id = d.decision_id
inner join words as w on w.decision_id = d.decision_id
left join reviewed as r on r.decision_id = d.decision_id
where
    d.source = 'nbatool'
    and d.batch_id = '@night'
    and d.slot = 1
    and d.action_id <> 'nothing'
    and said.status is not null
    and coalesce(r.out_at, d.as_of) >= $since

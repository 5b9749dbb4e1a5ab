-- makes: how many contacts the decision log knows of from before a time that were made as far as is known: said to be sent,
--   or closed with an outcome and not released. One that waited for a person is of when it went out, as in logged_contacts
-- grain: one row per action and channel
-- reads: decisions, contact_said, closed, reviewed
-- params: $before, a time
select d.action_id, d.channel, count(*) as n
from decisions as d
left join contact_said as said on said.decision_id = d.decision_id
left join reviewed as r on r.decision_id = d.decision_id
where
    d.source = 'nbatool'
    and d.batch_id in ('@night', '@live')
    and d.action_id <> 'nothing'
    and (r.decision_id is null or r.out_at is not null)
    and coalesce(r.out_at, d.as_of) < $before
    and (
        said.status = 'sent'
        or (said.status is null and d.decision_id in (select c.decision_id from closed as c))
    )
group by d.action_id, d.channel
order by d.action_id, d.channel

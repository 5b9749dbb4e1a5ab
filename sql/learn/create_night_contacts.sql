-- makes: night_contacts, how many contacts each night decided on that has open decisions, how many were made, and when
--   the last of them was to go out; what waits for a person is none
-- grain: one row per moment of a night
-- reads: decisions, open_decisions, confirmed, contact_said, closed, reviewed
-- params: none
create or replace temp table night_contacts as
select
    d.as_of,
    count(*) as contacts,
    max(coalesce(r.out_at, d.as_of)) as last_began,
    count(*) filter (
        where
            s.status = 'sent'
            or (
                s.status is distinct from 'released'
                and (
                    d.decision_id in (select decision_id from confirmed)
                    or d.decision_id in (select decision_id from closed)
                )
            )
    ) as made
from decisions as d
left join contact_said as s on s.decision_id = d.decision_id
left join reviewed as r on r.decision_id = d.decision_id
where
    d.source = 'nbatool'
    and d.batch_id = '@night'
    and d.action_id <> 'nothing'
    and (r.decision_id is null or r.out_at is not null)
    and d.as_of in (select as_of from open_decisions where is_night)
group by d.as_of

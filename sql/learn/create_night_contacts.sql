-- makes: night_contacts, how many contacts each night decided on that has open decisions, and how many were made
-- grain: one row per moment of a night
-- reads: decisions, open_decisions, confirmed, contact_said, closed
-- params: none
create or replace temp table night_contacts as
select
    d.as_of,
    count(*) as contacts,
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
where
    d.source = 'nbatool'
    and d.batch_id = '@night'
    and d.action_id <> 'nothing'
    and d.as_of in (select as_of from open_decisions where is_night)
group by d.as_of

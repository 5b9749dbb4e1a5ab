-- makes: due, what becomes of each open decision: only contacts that were made, and nothing, earn outcomes
-- grain: one row per slot of a decision; those that earn are numbered from 0 in the order they are closed
-- reads: open_decisions, night_contacts, confirmed, contact_said
-- params: $unconfirmed_s, seconds a reservation lasts; $told_until, up to when confirmations are known;
--         $reached, the newest moment whose windows the loaded events reach (null: no objective waits for events)
create or replace temp table due as
with found as (
    select
        o.*,
        s.status is not distinct from 'released' as is_released,
        o.action_id <> 'nothing'
        and s.status is distinct from 'released'
        and (s.status is not distinct from 'sent' or c.decision_id is not null) as is_made,
        o.began > $reached as is_ahead,
        o.began + to_seconds($unconfirmed_s) <= $told_until as is_late
    from open_decisions as o
    left join contact_said as s on s.decision_id = o.decision_id
    left join confirmed as c on c.decision_id = o.decision_id
),

judged as (
    select
        f.*,
        case
            when f.is_released then 'released'
            when coalesce(f.is_ahead, false) then 'ahead'
            when f.is_made then 'earns'
            when f.action_id <> 'nothing' then case when f.is_late then 'expired' else 'waits' end
            -- Whom a night left alone teaches only beside those it contacted.
            when n.contacts > 0 and n.made = 0
                then case when n.last_began + to_seconds($unconfirmed_s) <= $told_until then 'alone' else 'waits' end
            else 'earns'
        end as verdict
    from found as f
    left join night_contacts as n on f.is_night and n.as_of = f.as_of
)

select
    *,
    row_number() over (partition by verdict order by as_of, decision_id, slot) - 1 as moment
from judged

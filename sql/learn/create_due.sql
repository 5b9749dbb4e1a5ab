-- makes: due, what becomes of each open decision: only contacts that were made, and nothing, earn outcomes
-- grain: one row per slot of a decision; those that earn are numbered from 0 in the order they are closed
-- reads: open_decisions, confirmed, contact_states
-- params: $present, $unconfirmed_s, seconds a reservation lasts
create or replace temp table due as
with said as (
    select decision_id, arg_max(status, {'ts': ts, 'released': status = 'released'}) as status
    from contact_states
    group by decision_id
),

judged as (
    select
        o.*,
        case
            when o.action_id = 'nothing' then 'earns'
            when s.status = 'released' then 'released'
            when s.status = 'sent' or c.decision_id is not null then 'earns'
            when o.as_of + to_seconds($unconfirmed_s) <= $present then 'expired'
            else 'waits'
        end as verdict
    from open_decisions as o
    left join said as s on s.decision_id = o.decision_id
    left join confirmed as c on c.decision_id = o.decision_id
)

select
    *,
    row_number() over (partition by verdict order by as_of, decision_id, slot) - 1 as moment
from judged

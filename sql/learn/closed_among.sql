-- makes: which of some decisions are closed, or were released
-- grain: one row per such decision of the list
-- reads: closed, contact_states
-- params: $ids
select decision_id from closed where decision_id in (select unnest($ids))
union
select decision_id
from contact_states
where decision_id in (select unnest($ids))
group by decision_id
having arg_max(status, {'ts': ts, 'released': status = 'released'}) = 'released'

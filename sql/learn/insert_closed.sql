-- makes: rows in closed
-- grain: one row per decision that earned its outcome
-- reads: due, closed, outcome_rows, registered by the caller
-- params: $closed_at
insert into closed (position, decision_id, slot, as_of, outcome, closed_at)
select
    (select coalesce(max(position), 0) from closed) + 1 + d.moment, d.decision_id, d.slot, d.as_of, r.outcome, $closed_at
from due as d
join outcome_rows as r on r.moment = d.moment
where d.verdict = 'earns'

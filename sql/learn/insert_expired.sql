-- makes: rows in contact_states
-- grain: one row per decision whose contact nobody confirmed in time, or whose window ended released; where nobody
--   confirmed a whole night, also those that contacted nobody
-- reads: due
-- params: $unconfirmed_s, seconds a reservation lasts
insert into contact_states (decision_id, status, ts)
select decision_id, 'expired', min(began) + to_seconds($unconfirmed_s)
from due
where verdict in ('expired', 'alone', 'released')
group by decision_id

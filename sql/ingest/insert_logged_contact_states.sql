-- makes: rows in contact_states
-- grain: one row per state of a decision that is not stored yet
-- reads: incoming, contact_states
-- params: none
insert into contact_states (decision_id, status, ts)
select decision_id, status, make_timestamp(min(ts_us))
from incoming
where
    not exists (
        select 1
        from contact_states as c
        where c.decision_id = incoming.decision_id and c.status = incoming.status
    )
group by decision_id, status

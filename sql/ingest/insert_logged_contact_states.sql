-- makes: rows in contact_states
-- grain: one row per state of a decision that is not stored yet, or was said again later: the last thing said counts
-- reads: incoming, contact_states
-- params: none
insert into contact_states (decision_id, status, ts)
select decision_id, status, make_timestamp(max(ts_us))
from incoming
where
    not exists (
        select 1
        from contact_states as c
        where
            c.decision_id = incoming.decision_id
            and c.status = incoming.status
            and (c.ts is null or incoming.ts_us is null or epoch_us(c.ts) >= incoming.ts_us)
    )
group by decision_id, status

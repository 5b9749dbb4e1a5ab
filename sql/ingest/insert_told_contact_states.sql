-- makes: rows in contact_states
-- grain: one row per state that came with a decision and is not stored yet
-- reads: logged, contact_states
-- params: none
insert into contact_states (decision_id, status, ts)
select distinct decision_id, status, cast(null as timestamp)
from logged
where
    status is not null
    and not exists (
        select 1 from contact_states as c where c.decision_id = logged.decision_id and c.status = logged.status
    )

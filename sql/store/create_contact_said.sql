-- makes: contact_said, a view: what was last said of each contact. A released one was not made, whatever was said before;
--   at one instant the release counts. That nobody said anything in time is no word, and stands apart.
-- grain: one row per decision of which anything was said, or nothing in time
-- reads: contact_states
-- params: none
create view if not exists contact_said as
select
    decision_id,
    -- null: nothing was said
    arg_max(status, {'ts': coalesce(ts, timestamp '1970-01-01'), 'released': status = 'released'})
    filter (where status <> 'expired') as status,
    bool_or(status = 'expired') as has_expired
from contact_states
group by decision_id

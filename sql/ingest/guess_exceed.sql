-- makes:  the number of events above a limit, and of all events
-- grain:  one row
-- reads:  history
-- params: $types (list of event types), $limit
select count(*) filter (where value > $limit) as above, count(*) as all_events
from history
where type in (select unnest($types))

-- makes:  the number of contacts with an action in a span of time
-- grain:  one row
-- reads:  history
-- params: $contacts (list of event types), $first, $last (timestamps, included)
select count(*) as contacts
from history
where type in (select unnest($contacts)) and action_id is not null and ts >= $first and ts <= $last

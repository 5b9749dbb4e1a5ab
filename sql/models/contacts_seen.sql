-- makes: how many contacts are known, in the log whose outcomes are, and in that log late enough to learn from
-- grain: one row
-- reads: events
-- params: $types, the contact types; $from_ts, where learning begins; $until_ts, from when windows are still open; $as_of, the present
select
    count(*) as contacts,
    count(*) filter (where ts < $until_ts) as closed,
    count(*) filter (where ts >= $from_ts and ts < $until_ts) as learnable
from events
where list_contains($types, type) and action_id is not null and ts < $as_of

-- makes: room for staged events that were told live before: the file's version stays
-- grain: one row per live event that a file now brings
-- reads: events, staged
-- params: none
delete from events
using staged
where
    events.source = '@live'
    and staged.reason is null
    and events.event_id = staged.event_id
    and events.source_id = staged.customer_id
    and events.type = staged.type

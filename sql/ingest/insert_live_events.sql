-- makes: rows in events
-- grain: one row per live event not stored yet, neither live nor by a file
-- reads: incoming, events
-- params: none
insert into events
select
    '@live', i.event_id, i.customer_id, make_timestamp(i.ts_us), i.type, cast(i.value as decimal(18, 4)),
    i.action_id, i.channel, i.decision_id, i.attributes, '@live'
from (select *, row_number() over (partition by customer_id, event_id order by ts_us, type) as place from incoming) as i
where
    i.place = 1
    and not exists (
        select 1
        from events as e
        where
            e.event_id = i.event_id
            and e.source_id = i.customer_id
            and (e.source = '@live' or e.type = i.type)
    )

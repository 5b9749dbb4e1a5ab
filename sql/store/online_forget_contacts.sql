-- makes: nothing; deletes contacts and tells what they counted for (SQLite)
-- grain: one row per contact deleted
-- reads: contact
-- params: :keys, a JSON array of [customer_id, decision_id, slot]
delete from contact
where (customer_id, decision_id, slot) in (
    select
        json_extract(k.value, '$[0]'),
        json_extract(k.value, '$[1]'),
        json_extract(k.value, '$[2]')
    from json_each(:keys) as k
)
returning kind, at_us, counted

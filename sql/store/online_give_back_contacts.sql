-- makes: nothing; deletes contacts nothing was said of and tells what they counted for (SQLite)
-- grain: one row per contact deleted
-- reads: contact, contact_mark
-- params: :keys, a JSON array of [customer_id, decision_id, slot]
delete from contact
where
    (customer_id, decision_id, slot) in (
        select
            json_extract(k.value, '$[0]'),
            json_extract(k.value, '$[1]'),
            json_extract(k.value, '$[2]')
        from json_each(:keys) as k
    )
    and not exists (select 1 from contact_mark as m where m.decision_id = contact.decision_id)
returning kind, at_us, counted

-- makes: contacts that count as what was last said of them has it; tells which were changed (SQLite)
-- grain: one row per contact changed
-- reads: contact, contact_mark
-- params: :keys, a JSON array of [customer_id, decision_id, slot]; :expired_us, reserved ones up to then do not count
update contact as c set counted = 1 - c.counted
where
    (c.customer_id, c.decision_id, c.slot) in (
        select
            json_extract(k.value, '$[0]'),
            json_extract(k.value, '$[1]'),
            json_extract(k.value, '$[2]')
        from json_each(:keys) as k
    )
    and c.counted <> coalesce(
        (select m.status = 'sent' from contact_mark as m where m.decision_id = c.decision_id),
        c.at_us > :expired_us
    )
returning kind, at_us, counted

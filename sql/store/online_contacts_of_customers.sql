-- makes: the contacts of several customers, with the run that reserved them and what was last said of them (SQLite)
-- grain: one row per contact, customers in the order asked
-- reads: contact, contact_mark, contact_run
-- params: :customer_ids, a JSON array, each once, in the order of ids
select
    c.decision_id, c.customer_id, c.slot, c.kind,
    -- one that went out later than it was to counts from then
    case when m.status = 'sent' then max(c.at_us, m.ts_us) else c.at_us end as at_us, r.batch, m.status, c.run
from json_each(:customer_ids) as asked
cross join contact as c on c.customer_id = asked.value
left join contact_mark as m on m.decision_id = c.decision_id
left join contact_run as r on r.run = c.run

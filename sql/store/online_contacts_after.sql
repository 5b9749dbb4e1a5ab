-- makes: the contacts of customers after one, from a time on, with what was last said of them (SQLite)
-- grain: one row per contact, customer by customer
-- reads: contact, contact_mark, contact_run
-- params: :after, a customer_id; :since_us; :batch, whose reserved ones are left out; :most
select
    c.decision_id, c.customer_id, c.slot, c.kind,
    -- one that went out later than it was to counts from then
    case when m.status = 'sent' then max(c.at_us, m.ts_us) else c.at_us end as at_us, r.batch, m.status
from contact as c
left join contact_mark as m on m.decision_id = c.decision_id
left join contact_run as r on r.run = c.run
where
    c.customer_id > :after
    and (c.at_us >= :since_us or (m.status = 'sent' and m.ts_us >= :since_us))
    and (m.status is not null or r.batch is null or r.batch is not :batch)
order by c.customer_id, c.decision_id, c.slot
limit :most

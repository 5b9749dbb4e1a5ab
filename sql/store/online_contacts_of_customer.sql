-- makes: the contacts of a customer from a time on, with what was last said of them (SQLite)
-- grain: one row per contact, earliest first
-- reads: contact, contact_mark, contact_run
-- params: :customer_id, :since_us
select
    c.decision_id, c.customer_id, c.slot, c.kind,
    -- one that went out later than it was to counts from then
    case when m.status = 'sent' then max(c.at_us, m.ts_us) else c.at_us end as at_us, r.batch, m.status
from contact as c
left join contact_mark as m on m.decision_id = c.decision_id
left join contact_run as r on r.run = c.run
where c.customer_id = :customer_id and (c.at_us >= :since_us or (m.status = 'sent' and m.ts_us >= :since_us))
order by at_us, c.decision_id, c.slot

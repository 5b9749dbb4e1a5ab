-- makes: contacts after one that count and should not, or should and do not (SQLite)
-- grain: one row per contact, in the order they are stored in
-- reads: contact, contact_mark
-- params: :customer_id, :decision_id, :slot of the one; :expired_us, reserved ones up to then count no longer; :most
select c.customer_id, c.decision_id, c.slot
from contact as c
left join contact_mark as m on m.decision_id = c.decision_id
where
    (c.customer_id, c.decision_id, c.slot) > (:customer_id, :decision_id, :slot)
    and c.counted <> case m.status
        when 'sent' then 1
        when 'released' then 0
        else c.at_us > :expired_us
    end
order by c.customer_id, c.decision_id, c.slot
limit :most

-- makes: contacts of before a time (SQLite)
-- grain: one row per contact
-- reads: contact
-- params: :before_us; :most
select customer_id, decision_id, slot
from contact
where at_us < :before_us
order by customer_id, decision_id, slot
limit :most

-- makes: decisions of which something was said before a time, and which have no contact (SQLite)
-- grain: one row per decision
-- reads: contact_mark, contact
-- params: :before_us; :most
select decision_id from contact_mark where ts_us < :before_us
except
select decision_id
from contact
where decision_id in (select decision_id from contact_mark where ts_us < :before_us)
order by decision_id
limit :most

-- makes: decisions (temporary view), the decision log of the customers in customer_part; it stands before the table of
--   that name until it is dropped
-- grain: one row per slot of a decision
-- reads: decisions, customer_part, registered by the caller
-- params: none
create or replace temp view decisions as
select d.*
from warehouse.main.decisions as d
where coalesce(d.source_id, '@' || d.source || '/' || d.decision_id) in (select customer_id from customer_part)

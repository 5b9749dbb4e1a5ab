-- makes: moments, those of the exported decisions of others
-- grain: one row per slot of a decision
-- reads: logged
-- params: none
create or replace temp table moments as
select row as moment, customer_id, as_of, cast(null as varchar) as zone
from logged

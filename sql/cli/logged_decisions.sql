-- makes: decisions of the log by source
-- grain: one row per source
-- reads: decisions, outcomes
-- params: none
select
    d.source,
    count(*) as decisions,
    count(distinct d.source_id) as customers,
    count(d.probability) as with_probability,
    count(*) filter (where d.decision_id in (select decision_id from outcomes)) as with_outcome,
    epoch_us(min(d.as_of)) as first_us,
    epoch_us(max(d.as_of)) as last_us
from decisions as d
group by d.source
order by d.source

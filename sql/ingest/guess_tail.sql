-- makes:  how heavy the tail of the values is
-- grain:  one row
-- reads:  history
-- params: $types (list of event types)
select
    count(value) as filled,
    quantile_cont(value::double, 0.5) as half,
    quantile_cont(value::double, 0.997) as high,
    max(value::double) as highest
from history
where type in (select unnest($types)) and value > 0

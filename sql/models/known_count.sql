-- makes: how many customers are known at the times looked at, summed over the times
-- grain: one row
-- reads: known_from
-- params: $times
select count(*) as known
from known_from
inner join (select unnest($times) as as_of) as time on known_from.since < time.as_of

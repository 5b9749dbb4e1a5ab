-- makes: the zone of the customer of each moment, where one was given before it
-- grain: updates moments
-- reads: moments, customers
-- params: none
update moments set zone = known.zone
from (
    select m.moment, max_by(c.timezone, coalesce(c.valid_from, timestamp '-infinity')) as zone
    from moments as m
    join customers as c
        on c.source_id = m.customer_id and (c.valid_from is null or c.valid_from < m.as_of)
    where c.timezone is not null
    group by m.moment
) as known
where known.moment = moments.moment

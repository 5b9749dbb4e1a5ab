-- makes: the zone of the customer of each moment, where one was given before it
-- grain: updates moments
-- reads: moments, customers
-- params: none
update moments set zone = known.zone
from (
    -- of records of one time that of the last source, as attributes do
    select m.moment, c.timezone as zone
    from moments as m
    join customers as c
        on c.source_id = m.customer_id and (c.valid_from is null or c.valid_from < m.as_of)
    where c.timezone is not null
    qualify row_number() over (
        partition by m.moment order by c.valid_from desc nulls last, c.source desc, c.timezone
    ) = 1
) as known
where known.moment = moments.moment

-- makes: the attributes of the customer of each moment, as known before it, the newest value of each
-- grain: one row per moment with a customer record
-- reads: moments, customers
-- params: $a0, $a1, … names of the attributes; $first, $last, the range first <= moment < last
with known as (
    select
        m.moment,
        c.attributes,
        row_number() over (
            partition by m.moment order by c.valid_from asc nulls first, c.source, c.attributes
        ) as age_rank
    from moments as m
    join customers as c
        on c.source_id = m.customer_id and (c.valid_from is null or c.valid_from < m.as_of)
    where m.moment >= $first and m.moment < $last
)
select moment, {{ columns }}
from known
group by moment

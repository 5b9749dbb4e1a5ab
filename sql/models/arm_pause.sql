-- makes: a query result, the longest time without any decision after windows had ended, since arms were drawn
-- grain: one row; none without a pause that is long enough
-- reads: decisions
-- params: $as_of, the present (exclusive); $within_us, the window; $least_us, the least time to look at
with moments as (
    select as_of, bool_or(arm is not null) as drawn
    from decisions
    where as_of < $as_of
    group by as_of
),
begun as (
    select min(as_of) as first_ts from moments where drawn
),
spans as (
    select
        b.first_ts,
        epoch_us(m.as_of) + $within_us as from_us,
        coalesce(epoch_us(lead(m.as_of) over (order by m.as_of)), epoch_us($as_of::timestamp)) as until_us
    from moments as m
    inner join begun as b on m.as_of >= b.first_ts
)
select epoch_us(first_ts) as first_us, from_us, until_us
from spans
where until_us - from_us >= $least_us
order by until_us - from_us desc, from_us
limit 1

-- makes: a query result
-- grain: one row per kind of odd time
-- reads: staged
-- params: now_us
select
    case when epoch_us(ts) < 0 then 'before 1970' else 'later than now' end as oddity,
    count(*) as n_rows,
    strftime(case when epoch_us(min(ts)) < 0 then min(ts) else max(ts) end, '%Y-%m-%dT%H:%M:%SZ') as example
from staged
where reason is null and (epoch_us(ts) < 0 or epoch_us(ts) > $now_us)
group by oddity
order by oddity

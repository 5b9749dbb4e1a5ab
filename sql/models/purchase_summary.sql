-- makes: purchase_summary
-- grain: one row per customer whose first purchase day is not held out; ordered by customer_id
-- reads: purchase_days
-- params: $held_out_days (0: none); the last days of the history, kept apart as later
with numbered as (
    select
        customer_id,
        day,
        spend,
        until_day - cast($held_out_days as integer) as cut_day,
        min(day) over (partition by customer_id) as first_day
    from purchase_days
)
select
    customer_id,
    count(*) filter (where day > first_day and day <= cut_day) as x,              -- repeat purchases
    max(day) filter (where day <= cut_day) - any_value(first_day) as t_x_days,
    any_value(cut_day) - any_value(first_day) as "age_days",
    count(*) filter (where day > first_day and day <= cut_day and spend > 0) as paid,
    cast(coalesce(sum(spend) filter (where day > first_day and day <= cut_day and spend > 0), 0) * 10000 as hugeint)::double
        as paid_spend_units,                                                      -- ten-thousandths of the currency
    cast(coalesce(sum(spend) filter (where day = first_day), 0) * 10000 as hugeint)::double as first_spend_units,
    count(*) filter (where day > cut_day) as later,                               -- purchase days held out
    cast(coalesce(sum(spend) filter (where day > cut_day), 0) * 10000 as hugeint)::double as later_spend_units
from numbered
where first_day <= cut_day
group by customer_id
order by customer_id

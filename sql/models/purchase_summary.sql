-- makes: purchase_summary
-- grain: one row per customer whose first purchase day is not held out; ordered by customer_id
-- reads: {{ known }} (the purchase days as they looked $held_out_days days ago), purchase_days
-- params: $held_out_days (0: none); the last days of the history, kept apart as later
with days as (
    select *, true as known
    from {{ known }}
    union all
    select *, false as known
    from purchase_days
    where day > until_day - cast($held_out_days as integer)
),
customer as (
    select
        customer_id,
        count(*) filter (where known) - 1 as x,
        min(day) filter (where known) as first_day,
        max(day) filter (where known) as last_day,
        any_value(until_day) - cast($held_out_days as integer) as cut_day,
        coalesce(arg_min(coalesce(spend, 0), day) filter (where known), 0) as first_spend,
        count(*) filter (where known and spend > 0) as paid,
        coalesce(sum(spend) filter (where known), 0) as spend,
        count(*) filter (where not known) as later,
        coalesce(sum(spend) filter (where not known), 0) as later_spend
    from days
    group by customer_id
)
select
    customer_id,
    x,                                                                                -- repeat purchases
    last_day - first_day as t_x_days,
    cut_day - first_day as "age_days",
    paid - cast(first_spend > 0 as integer) as paid,                                  -- of the repeat purchases
    cast((spend - first_spend) * 10000 as hugeint)::double as paid_spend_units,       -- ten-thousandths of the currency
    cast(first_spend * 10000 as hugeint)::double as first_spend_units,
    later,                                                                            -- purchase days held out
    cast(later_spend * 10000 as hugeint)::double as later_spend_units
from customer
where first_day is not null
order by customer_id

-- makes: {{ table }} (temporary): the days on which a customer bought, as they looked $held_out_days days ago
-- grain: one row per customer and purchase day (or period of days)
-- reads: purchase_ledger
-- params: $held_out_days (0: none); the last days of the ledger, of which nothing is known yet
create or replace temporary table {{ table }} as
with seen as (
    select *
    from purchase_ledger
    where day <= until_day - cast($held_out_days as integer)
),
-- Money given back is taken off the day's own sales, and what they do not cover off the latest sales before it: a
-- stack of money, to which a day adds what it sold and from whose top a day takes what it gave back.
gave_back_more as (
    select distinct customer_id
    from seen
    where refunds > sales
),
summed as (
    select
        customer_id,
        day,
        sum(sales - refunds) over (partition by customer_id order by day) as balance
    from seen
    where customer_id in (select customer_id from gave_back_more)
),
-- the height of the stack after each day; it never falls below 0, so money nobody was seen to pay is forgotten
heights as (
    select
        customer_id,
        day,
        balance - least(0, min(balance) over (partition by customer_id order by day)) as height
    from summed
),
-- a day's own part of the stack begins at the height before it; what is left of it the lowest height from then on tells
levels as (
    select
        customer_id,
        day,
        lag(height, 1, 0) over (partition by customer_id order by day) as bottom,
        min(height) over (
            partition by customer_id order by day rows between current row and unbounded following
        ) as top
    from heights
),
netted as (
    select
        s.*,
        greatest(coalesce(l.top - l.bottom, s.sales - s.refunds), 0) as net
    from seen as s
    left join levels as l on l.customer_id = s.customer_id and l.day = s.day
)
select
    customer_id,
    day,                                                              -- local to the customer
    case when net > 0 or not amount_unknown then net end as spend,    -- refunds netted; null: no amount known
    until_day                                                         -- last day of the whole ledger
from netted
-- one given back whole is no purchase; a free one is, and so is one of unknown amount
where bought and (net > 0 or sales = 0 or amount_unknown)

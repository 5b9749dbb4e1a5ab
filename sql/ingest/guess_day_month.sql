-- makes:  evidence for day first or month first in dates such as 3/4/2011, over all rows
-- grain:  one row
-- reads:  one_column
-- params: $day_first, $month_first (formats)
with parts as (
    select
        row_number() over () as position,
        try_cast(regexp_extract(cell, '^(\d{1,2})', 1) as int) as first_number,
        try_cast(regexp_extract(cell, '^\d{1,2}\D+(\d{1,2})', 1) as int) as second_number,
        try_strptime(cell, $day_first) as as_day_first,
        try_strptime(cell, $month_first) as as_month_first
    from one_column
    where cell is not null
),
steps as (
    select
        *,
        lag(as_day_first) over (order by position) as before_day_first,
        lag(as_month_first) over (order by position) as before_month_first
    from parts
)
select
    count(*) filter (where first_number > 12) as first_above_12,
    count(*) filter (where second_number > 12) as second_above_12,
    count(*) filter (where as_day_first < before_day_first) as steps_back_day_first,
    count(*) filter (where as_month_first < before_month_first) as steps_back_month_first
from steps

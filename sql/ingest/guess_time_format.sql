-- makes:  how many cells a date format reads, and the first and last time it gives
-- grain:  one row
-- reads:  one_column
-- params: $format
select
    count(cell) as filled,
    count(try_strptime(cell, $format)) as understood,
    min(try_strptime(cell, $format)) as first_time,
    max(try_strptime(cell, $format)) as last_time
from one_column

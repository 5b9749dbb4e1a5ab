-- makes:  the first and last time of a column of numbers since 1970
-- grain:  one row
-- reads:  one_column
-- params: $scale (parts of a second: 1, 1000, 1000000, 1000000000)
select
    make_timestamp(((min(try_cast(cell as decimal(38, 6))) / $scale) * 1000000)::bigint) as first_time,
    make_timestamp(((max(try_cast(cell as decimal(38, 6))) / $scale) * 1000000)::bigint) as last_time
from one_column

-- makes:  how often a number stands in a column, and the nearest other numbers below and above it
-- grain:  one row
-- reads:  one_column
-- params: $value
select
    count(*) filter (where try_cast(cell as double) = $value) as times,
    max(try_cast(cell as double)) filter (where try_cast(cell as double) < $value) as next_below,
    min(try_cast(cell as double)) filter (where try_cast(cell as double) > $value) as next_above
from one_column

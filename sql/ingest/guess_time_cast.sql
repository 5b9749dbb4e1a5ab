-- makes:  how many cells are times as they stand (ISO 8601), and the first and last
-- grain:  one row
-- reads:  one_column
-- params: none
select
    count(cell) as filled,
    count(try_cast(cell as timestamptz)) as understood,
    (min(try_cast(cell as timestamptz)))::timestamp as first_time,
    (max(try_cast(cell as timestamptz)))::timestamp as last_time
from one_column

-- makes:  the number of rows where one column holds a value without the other being empty, or the reverse
-- grain:  one row
-- reads:  two_columns (cell, other)
-- params: $value
select count(*) as exceptions
from two_columns
where (try_cast(cell as double) is not distinct from $value) != (other is null)

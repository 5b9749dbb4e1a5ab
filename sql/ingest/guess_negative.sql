-- makes:  the number of cells below zero
-- grain:  one row
-- reads:  one_column
-- params: none
select count(*) filter (where try_cast(cell as double) < 0) as negative
from one_column

-- makes:  counts of filled and of different cells
-- grain:  one row
-- reads:  one_column
-- params: none
select count(cell) as filled, count(distinct cell) as different
from one_column

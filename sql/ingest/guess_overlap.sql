-- makes:  counts of rows with a first, with a second, and with both cells
-- grain:  one row
-- reads:  two_columns (cell, other)
-- params: none
select
    count(*) filter (where cell is not null) as first_filled,
    count(*) filter (where other is not null) as second_filled,
    count(*) filter (where cell is not null and other is not null) as both_filled
from two_columns

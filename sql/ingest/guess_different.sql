-- makes:  the different cells of a column
-- grain:  one row a cell, in order
-- reads:  one_column
-- params: $most (rows)
select distinct cell
from one_column
where cell is not null
order by cell
limit $most

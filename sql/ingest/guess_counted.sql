-- makes:  how many rows have each cell, the most frequent first
-- grain:  one row a cell
-- reads:  one_column
-- params: $most (how many cells)
select
    cell,
    count(*)
from one_column
where cell is not null
group by cell
order by count(*) desc, cell
limit $most

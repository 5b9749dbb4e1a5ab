-- makes:  cells that do not become a number, the most frequent first
-- grain:  one row a cell: the cell, its rows, and the rows of all such cells together
-- reads:  unread (cell and written as text, number)
-- params: $most (how many cells)
select
    cell,
    count(*),
    sum(count(*)) over ()
from unread
where number is null and written is not null
group by cell
order by count(*) desc, cell
limit $most

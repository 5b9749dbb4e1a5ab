-- makes:  the most frequent cells of every column among some ten thousand rows spread over the file
-- grain:  one row a column and cell
-- reads:  cells
-- params: $stride (every how many rows one is looked at)
with numbered as (
    select row_number() over () as position, *
    from cells
),
picked as (
    select * exclude (position)
    from numbered
    where position % $stride = 0 or position <= 1000
),
long as (
    unpivot picked on columns(*) into name column_name value cell
),
trimmed as (
    select column_name, trim(cell) as cell
    from long
    where trim(cell) != ''
)
select column_name, cell
from trimmed
group by column_name, cell
qualify row_number() over (partition by column_name order by count(*) desc, cell) <= 400
order by column_name, count(*) desc, cell

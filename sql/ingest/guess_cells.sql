-- makes:  counts and limits of every column at once: rows, then for each measure one value a column
-- grain:  one row; measures in the order filled, distinct (approximate), numbers, whole numbers, low, high, empty
--         texts, texts of blanks only
-- reads:  cells (text)
-- params: none
select
    count(*),
    count(nullif(trim(columns(*)), '')),
    approx_count_distinct(nullif(trim(columns(*)), '')),
    count(case when isfinite(try_cast(columns(*) as double)) then 1 end),
    count(case when floor(try_cast(columns(*) as double)) = try_cast(columns(*) as double) then 1 end),
    min(case when isfinite(try_cast(columns(*) as double)) then try_cast(columns(*) as double) end),
    max(case when isfinite(try_cast(columns(*) as double)) then try_cast(columns(*) as double) end),
    count(case when columns(*) = '' then 1 end),
    count(case when columns(*) != '' and trim(columns(*)) = '' then 1 end)
from cells

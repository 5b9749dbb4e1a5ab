-- makes: a query result
-- grain: one row
-- reads: known
-- params: file
select
    count(*) filter (where not differs) as n_rows,
    count(*) filter (where not differs and file is distinct from $file) as n_of_other_file,
    count(*) filter (where differs) as n_replaced
from known

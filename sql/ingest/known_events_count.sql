-- makes: a query result
-- grain: one row
-- reads: known
-- params: file
select
    count(*) as n_rows,
    count(*) filter (where file is distinct from $file) as n_of_other_file,
    count(*) filter (where differs) as n_conflicts
from known

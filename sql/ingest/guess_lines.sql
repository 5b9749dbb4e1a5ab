-- makes:  counts of lines, of blank lines, and of JSON objects
-- grain:  one row
-- reads:  lines
-- params: none
select
    count(*) as lines,
    count(*) filter (where line is null or trim(line) = '') as blank_lines,
    count(*) filter (where case when json_valid(line) then json_type(line) = 'OBJECT' end) as objects
from lines

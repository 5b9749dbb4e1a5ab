-- makes:  objects, the lines that hold a JSON object
-- grain:  one row an object
-- reads:  lines
-- params: none
create table objects as
select line
from lines
where case when json_valid(line) then json_type(line) = 'OBJECT' end

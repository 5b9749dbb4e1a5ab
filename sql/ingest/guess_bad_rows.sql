-- makes:  the number of rows of a CSV file that could not be split into cells
-- grain:  one row
-- reads:  reject_errors (made by the CSV reader)
-- params: none
select count(distinct line)
from reject_errors

-- makes: whether any customer had a value of each attribute before a moment
-- grain: one row
-- reads: customers
-- params: $a0, $a1, … names of the attributes; $as_of
select {{ known }}
from customers
where valid_from is null or valid_from < $as_of

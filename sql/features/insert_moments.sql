-- makes: the rows of moments
-- grain: one row per moment
-- reads: moment_rows, registered by the caller
-- params: none
insert into moments select moment, customer_id, as_of, zone from moment_rows

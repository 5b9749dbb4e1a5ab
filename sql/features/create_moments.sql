-- makes: moments, the (customer, as_of) pairs to compute features for
-- grain: one row per moment
-- reads: nothing
-- params: none
create or replace temp table moments (
    moment bigint,       -- dense number, 0 up, the row of every result
    customer_id varchar,
    as_of timestamp,     -- UTC
    zone varchar         -- IANA zone of the customer's hours and weekdays
)

-- makes:  history, the mapped events of all sources
-- grain:  one row an event
-- reads:  nothing
-- params: none
create or replace table history (
    source varchar, customer_id varchar, ts timestamp, type varchar, value decimal(18, 4), action_id varchar, channel varchar,
    paid varchar
)

-- makes: when the newest event and the newest customer record were
-- grain: one row, µs since 1970 UTC, null where there is none
-- reads: events, customers
-- params: none
select
    (select epoch_us(max(ts)) from events) as newest_event_us,
    (select epoch_us(max(valid_from)) from customers) as newest_customer_us

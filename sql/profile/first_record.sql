-- makes: when the first event and the first dated customer record were
-- grain: one row, µs since 1970 UTC, null where there is none
-- reads: events, customers
-- params: none
select
    (select epoch_us(min(ts)) from events) as first_event_us,
    (select epoch_us(min(valid_from)) from customers) as first_customer_us

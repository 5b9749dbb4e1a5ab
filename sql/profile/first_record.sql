-- makes: when the first event and the first customer record were, and whether customers without a date are always known
-- grain: one row; times in µs since 1970 UTC, null where there is none
-- reads: events, customers
-- params: none
select
    (select epoch_us(min(ts)) from events) as first_event_us,
    (select epoch_us(min(valid_from)) from customers) as first_customer_us,
    exists (select 1 from customers where valid_from is null) as has_undated

-- makes: what a model was trained on, in a few numbers that change with the data
-- grain: one row
-- reads: events, customers
-- params: $as_of
select
    (select count(*) from events where ts < $as_of) as events,
    (select count(*) from customers where valid_from is null or valid_from < $as_of) as customers,
    (select epoch_us(max(ts)) from events where ts < $as_of) as last_event_us,
    (select sum(epoch_us(ts)::hugeint) + sum(coalesce(value, 0) * 10000)::hugeint from events where ts < $as_of)
        as checksum

-- makes: everybody known before a moment: seen in an event, listed with a date before it (or none), or heard on consent
-- grain: one row per customer
-- reads: events, customers, consent
-- params: $as_of, the moment
select source_id as customer_id from events where ts < $as_of and source_id is not null
union
select source_id as customer_id from customers where valid_from is null or valid_from < $as_of
union
select source_id as customer_id from consent where ts < $as_of

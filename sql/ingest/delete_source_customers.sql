-- makes: room for a full refresh
-- grain: one row per customer record of the source
-- reads: customers
-- params: source
delete from customers where source = $source

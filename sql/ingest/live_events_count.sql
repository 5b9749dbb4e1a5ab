-- makes: a query result
-- grain: one row
-- reads: events
-- params: none
select count(*) from events where source = '@live'

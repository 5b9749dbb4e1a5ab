-- makes: a query result
-- grain: one row per change found in what an action brings, in the order they were found
-- reads: changes
-- params: none
select action_id, epoch_us(since) as since_us, kept from changes order by seen, action_id

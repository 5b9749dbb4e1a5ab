-- makes: a query result
-- grain: one row per change found in what an action brings, the newest $most, in the order they were found
-- reads: changes
-- params: most
select action_id, epoch_us(since) as since_us, kept from changes
qualify row_number() over (order by seen desc, action_id desc) <= $most
order by seen, action_id

-- makes: a query result
-- grain: one row per change found in what an action brings, the newest $most, in the order they were found
-- reads: changes
-- params: most; until, later ones are left out (null: none is)
select action_id, epoch_us(since) as since_us, kept from changes
where $until is null or seen < $until
qualify row_number() over (order by seen desc, action_id desc) <= $most
order by seen, action_id

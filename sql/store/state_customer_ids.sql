-- makes: everybody a state knows (SQLite)
-- grain: one row per customer, by id
-- reads: customer
-- params: none
select customer_id from customer order by customer_id

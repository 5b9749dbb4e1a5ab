-- makes: one customer (SQLite)
-- grain: one row or none
-- reads: customer
-- params: customer_id, by position
select body from customer where customer_id = ?

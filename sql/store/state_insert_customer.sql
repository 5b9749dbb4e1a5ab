-- makes: one customer of a state (SQLite)
-- grain: one row
-- reads: nothing
-- params: customer_id, body, by position
insert into customer values (?, ?)

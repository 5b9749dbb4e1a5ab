-- makes: closed_contact without those that wait beside nobody any more (SQLite)
-- grain: one row per decision deleted
-- reads: closed_contact
-- params: :settled_us
delete from closed_contact where as_of_us <= :settled_us

-- makes: the index of the journal a decision looks customers up by (SQLite)
-- grain: one entry per event
-- reads: journal
-- params: none
create index if not exists journal_of_customer on journal (customer_id)

-- makes: the number of the last change of contact_total, and of the last that deleted rows (SQLite)
-- grain: one row, none before the first change
-- reads: contact_change
-- params: none
select seq, gone_at from contact_change

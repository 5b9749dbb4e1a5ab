-- makes: decision, what each decision of a night chose (SQLite)
-- grain: one row per decision
-- reads: nothing
-- params: none
create table decision (decision_id text primary key, body blob not null) without rowid

-- makes: taken_out, why contacts that were drawn are not made (SQLite)
-- grain: one row per decision whose contact was taken out
-- reads: nothing
-- params: none
create table taken_out (decision_id text primary key, why text not null) without rowid

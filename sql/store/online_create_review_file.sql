-- makes: review_file, under which temporary name the action file was that approved decisions go out with: while one of that
--   name is there, it has not taken its place, and they have not gone out (SQLite)
-- grain: one row per decision
-- reads: nothing
-- params: none
create table if not exists review_file (
    decision_id text primary key,
    file text not null
) without rowid

-- makes: contact_run, each reservation of a night's contacts; a night reserved again has several (SQLite)
-- grain: one row per run
-- reads: nothing
-- params: none
create table if not exists contact_run (
    run integer primary key autoincrement,
    batch text not null            -- the night
)

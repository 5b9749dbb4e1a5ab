-- makes: drained, up to where each journal of this file is in the warehouse as the file itself knows (SQLite)
-- grain: one row per journal
-- reads: nothing
-- params: none
create table if not exists drained (
    journal text primary key,
    position integer not null,     -- the last entry that was drained
    went_back integer not null     -- 1: the warehouse had come further, and contacts have not been put back since
) without rowid

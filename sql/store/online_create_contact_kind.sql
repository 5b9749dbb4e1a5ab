-- makes: contact_kind, what contacts were of: the action, the channel and the tags as they were at the time (SQLite)
-- grain: one row per action, channel and tags
-- reads: nothing
-- params: none
create table if not exists contact_kind (
    kind integer primary key,      -- hash of the other columns, so that it never means anything else
    action_id text not null,
    channel text,                  -- null: no channel
    tags text not null             -- JSON array
)

-- makes: contact_change, which tells a reader of contact_total what is new to it (SQLite)
-- grain: one row
-- reads: nothing
-- params: none
create table if not exists contact_change (
    id integer primary key check (id = 1),
    seq integer not null,          -- rises with every transaction that changes contact_total
    gone_at integer not null       -- the seq at which rows were last deleted: whoever read before reads all
)

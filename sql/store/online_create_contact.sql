-- makes: contact, every contact that was reserved, at night or live (SQLite)
-- grain: one row per customer, decision and slot; stored in this order, so that a night writes its pages one by one
-- reads: nothing
-- params: none
create table if not exists contact (
    customer_id text not null check (customer_id <> ''),
    decision_id text not null,
    slot integer not null,         -- from 1
    kind integer not null,         -- of contact_kind
    at_us integer not null,        -- when the contact is made, µs since 1970 UTC
    run integer not null,          -- of contact_run; 0: live
    counted integer not null,      -- 1 while it is one of contact_total, else 0
    primary key (customer_id, decision_id, slot)
) without rowid

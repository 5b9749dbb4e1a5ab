-- makes: reviewed
-- grain: one row per decision of a night that waits for a person, or went out after one had let it; unique by decision_id
-- reads: nothing
-- params: none
create table if not exists reviewed (
    decision_id varchar not null,
    as_of timestamp not null,       -- UTC; moment of the night that decided it
    out_at timestamp,               -- UTC; when its contact goes out; null while it waits, and for ever where it was rejected
    out_night timestamp             -- UTC; moment of the night whose action file it is in; null as out_at is
)

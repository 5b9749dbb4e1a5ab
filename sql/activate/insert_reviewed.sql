-- makes: rows in reviewed
-- grain: one row per decision that waits or goes out; one that is there stays as it is
-- reads: reviewed, reviewed_rows, registered by the caller
-- params: $night_us, moment of the night it goes out with, µs since 1970 UTC
insert into reviewed (decision_id, as_of, out_at, out_night)
select
    decision_id,
    make_timestamp(as_of_us),
    make_timestamp(out_at_us),
    case when out_at_us is not null then make_timestamp($night_us) end
from reviewed_rows
where decision_id not in (select decision_id from reviewed)

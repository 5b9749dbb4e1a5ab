-- makes: one period of constant offset
-- grain: one row
-- reads: nothing
-- params: $zone, $first and $last (µs since 1970 UTC), $offset_s
insert into zone_offsets values ($zone, make_timestamp($first), make_timestamp($last), $offset_s)

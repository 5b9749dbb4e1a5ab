-- makes: zone_offsets, the offset from UTC of each zone over time, made with zoneinfo
-- grain: one row per zone and period of constant offset
-- reads: nothing
-- params: none
create or replace temp table zone_offsets (
    zone varchar,
    from_ts timestamp,   -- first instant of the period, UTC
    until_ts timestamp,  -- first instant after it, UTC
    offset_s integer     -- seconds to add to UTC
)

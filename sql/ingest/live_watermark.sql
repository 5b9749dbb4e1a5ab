-- makes: a query result
-- grain: at most one row
-- reads: live_watermark
-- params: none
select max(position) from live_watermark

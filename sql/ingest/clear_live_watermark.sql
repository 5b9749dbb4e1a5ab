-- makes: room for the new position
-- grain: one row
-- reads: live_watermark
-- params: none
delete from live_watermark

-- makes: live_watermark
-- grain: one row
-- reads: nothing
-- params: position
insert into live_watermark values ($position)

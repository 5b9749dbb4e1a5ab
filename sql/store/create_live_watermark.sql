-- makes: live_watermark
-- grain: at most one row
-- reads: nothing
-- params: none
create table if not exists live_watermark (
    position bigint not null        -- the last entry of the live journal that is in events
)

-- makes: drained
-- grain: one row per live journal, beside that of events (live_watermark)
-- reads: nothing
-- params: none
create table if not exists drained (
    journal varchar not null,       -- decisions | answers | lessons
    position bigint not null        -- the last entry of it that is in the warehouse
)

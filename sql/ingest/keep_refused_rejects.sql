-- makes: rows in rejects
-- grain: one row per reject of an attempt that was refused
-- reads: incoming
-- params: none
insert into rejects select * from incoming

-- makes: drained
-- grain: one row
-- reads: nothing
-- params: journal, position
insert into drained (journal, position) values ($journal, $position)

-- makes: room for the new position
-- grain: one row
-- reads: drained
-- params: journal
delete from drained where journal = $journal

-- makes: the line of rejects of files without lines: the row's number
-- grain: one row per rejected record
-- reads: staged
-- params: none
update staged set _line = _row where reason is not null and _line is null

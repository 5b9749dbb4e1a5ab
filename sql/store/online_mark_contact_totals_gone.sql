-- makes: the note that rows of contact_total were deleted at the present change (SQLite)
-- grain: one row
-- reads: contact_change
-- params: none
update contact_change set gone_at = seq where id = 1

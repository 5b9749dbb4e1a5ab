-- makes: the journal of events without those that are in the warehouse and in the state in force (SQLite)
-- grain: one row per event deleted, at most :most
-- reads: journal
-- params: :position, the last one that is in both; :before_us, only those that happened before; :most
delete from journal
where position in (
    select position from journal where position <= :position and ts_us < :before_us order by position limit :most
)

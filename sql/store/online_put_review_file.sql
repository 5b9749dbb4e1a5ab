-- makes: under which temporary name an action file is about to take its place (SQLite)
-- grain: one row
-- reads: review_file
-- params: :decision_id, :file
insert or replace into review_file values (:decision_id, :file)

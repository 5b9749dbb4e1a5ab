-- makes: one file on the list of the nights' decisions (SQLite)
-- grain: one row
-- reads: nothing
-- params: :file, :as_of_us, :closes_us, :seed, :decisions, :written_us
insert into night (file, as_of_us, closes_us, seed, decisions, written_us)
values (:file, :as_of_us, :closes_us, :seed, :decisions, :written_us)

-- makes: the pointer to the state in force (SQLite)
-- grain: one row
-- reads: nothing
-- params: :state, :model_version, :cut_us, :journal_position, :published_us
insert or replace into published (only, state, model_version, cut_us, journal_position, published_us)
values (1, :state, :model_version, :cut_us, :journal_position, :published_us)

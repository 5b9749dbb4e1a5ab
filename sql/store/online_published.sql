-- makes: the pointer to the state in force (SQLite)
-- grain: one row, or none before the first publication
-- reads: published
-- params: none
select state, model_version, cut_us, journal_position, published_us from published

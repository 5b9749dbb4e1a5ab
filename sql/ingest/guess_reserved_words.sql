-- makes:  the words that a column's name needs quotes for
-- grain:  one row a word
-- reads:  DuckDB's own list
-- params: none
select keyword_name
from duckdb_keywords()
where keyword_category in ('reserved', 'type_function')

-- makes: {{ table }}, the rows of a generated statement
-- grain: that of the statement
-- reads: what the statement reads
-- params: those of the statement
create or replace temp table {{ table }} as {{ statement }}

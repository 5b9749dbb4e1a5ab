-- makes: text_codes, a number for every value of the text fields live features read
-- grain: one row per field and value
-- reads: code_rows, registered by the caller
-- params: none
create or replace temp table text_codes as select field, value, code from code_rows

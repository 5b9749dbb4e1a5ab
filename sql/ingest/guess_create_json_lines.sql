-- makes:  lines, the objects of a JSON file as text
-- grain:  one row an object, whether they stand in a list or one after the other
-- reads:  $file
-- params: $file, $compression (none or gzip)
create table lines as
select json::varchar as line
from read_json_objects($file, format = 'auto', compression = $compression)

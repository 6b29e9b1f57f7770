-- The options with which CREATE DATABASE makes a database like this one, but empty.
SELECT concat_ws(' ', format('ENCODING %L', pg_encoding_to_char(d.encoding)),
                 format('LC_COLLATE %L LC_CTYPE %L', d.datcollate, d.datctype),
                 CASE d.datlocprovider
                      WHEN 'i' THEN format('LOCALE_PROVIDER icu ICU_LOCALE %L',
                                           coalesce(to_jsonb(d) ->> 'daticulocale', to_jsonb(d) ->> 'datlocale'))
                      WHEN 'b' THEN format('LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', to_jsonb(d) ->> 'datlocale')
                      ELSE 'LOCALE_PROVIDER libc' END,
                 'ICU_RULES ' || quote_literal(to_jsonb(d) ->> 'daticurules'))
  FROM pg_database d
 WHERE d.datname = current_database()

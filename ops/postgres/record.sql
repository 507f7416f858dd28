-- Who may do what with the record. Run once by the owner of the database, after the tables are there:
--
--   foreshock record --once --config foreshock.yaml --database postgresql://owner@db.example.com/record
--   psql postgresql://owner@db.example.com/record --file ops/postgres/record.sql
--
-- Then give the roles their passwords (\password recorder), and let `foreshock record` run as recorder. It can add
-- entries and move the ends of the chains; it can change or remove no entry, drop no trigger and make no table.
-- An auditor can read everything and write nothing: enough for `audit verify`, `alerts` and `explain`.

CREATE ROLE recorder LOGIN;
CREATE ROLE auditing LOGIN;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM recorder, auditing;
GRANT USAGE ON SCHEMA public TO recorder, auditing;

GRANT SELECT, INSERT ON entries TO recorder;
GRANT SELECT, INSERT, UPDATE ON chains TO recorder;
GRANT SELECT, UPDATE ON seal TO recorder;

GRANT SELECT ON entries, chains, seal TO auditing;

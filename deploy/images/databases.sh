#!/bin/sh
# Runs once in an empty PostgreSQL container: a role and a database for each service, and
# the role that owns nothing, which services switch to for row-level security.
set -eu
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -c "CREATE ROLE kuwei_app NOLOGIN"
for name in $DATABASES; do
  psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -v name="$name" -v word="$KUWEI_DB_PASSWORD" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'word';
CREATE DATABASE :"name" OWNER :"name"
  LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' TEMPLATE template0;
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
GRANT kuwei_app TO :"name";
SQL
done

#!/bin/sh
# Runs once in an empty PostgreSQL container: a role and a database for each service.
set -eu
for name in $DATABASES; do
  psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -v name="$name" -v word="$KUWEI_DB_PASSWORD" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'word';
CREATE DATABASE :"name" OWNER :"name";
SQL
done

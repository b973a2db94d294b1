#!/bin/sh
# Create the role of web, worker and beat, which owns nothing. The database's image runs this once, when it is new.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set password="$APP_PASSWORD" <<'SQL'
CREATE ROLE accompagnement_app LOGIN PASSWORD :'password';
SQL

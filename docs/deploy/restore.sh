#!/bin/sh
# Restore a back-up into a NEW database and a NEW folder: nothing that exists is overwritten.
#   restore.sh /var/backups/accompagnement/20260101T020000Z accompagnement_restored /var/lib/accompagnement/restored
# Run it as backup.sh is run. Then run `manage.py check_invariants` there, point DATABASE_URL and MEDIA_ROOT to them, and
# start the service.
set -eu
[ $# -eq 3 ] || { echo "usage: restore.sh BACKUP NEW_DATABASE NEW_FOLDER" >&2; exit 2; }
backup=$1 database=$2 folder=$3
[ ! -e "$folder" ] || { echo "$folder exists: name a new folder." >&2; exit 1; }
(cd "$backup" && sha256sum --check --quiet SHA256SUMS)
umask 077
PATH=$PATH:/usr/sbin:/sbin # for `runuser`; cron has neither
asked() {
    if [ "$(id -u)" -eq 0 ] && [ -z "${PGUSER:-}" ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

# Roles that are there already stay as they are.
asked psql --quiet --no-psqlrc --dbname postgres <"$backup/roles.sql" 2>&1 | grep -v 'already exists' >&2 || true
asked createdb --template template0 --encoding UTF8 "$database"
asked pg_restore --exit-on-error --dbname "$database" <"$backup/database.dump"
# The owner of the tables must own the database, or the next `migrate` could add no table.
asked psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --dbname "$database" <<'SQL'
SELECT format('ALTER DATABASE %I OWNER TO %I', current_database(), tableowner)
FROM pg_tables WHERE tablename = 'django_migrations' \gexec
ANALYZE;
SQL
# As root this restores the owners of the files, so that the service can read its documents.
mkdir -p "$folder"
tar -C "$folder" -xzf "$backup/files.tar.gz"
echo "restored into the database $database and the folder $folder"

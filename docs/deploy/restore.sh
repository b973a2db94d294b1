#!/bin/sh
# Restore a back-up into a NEW database and a NEW folder: nothing that exists is overwritten.
#   restore.sh /var/backups/accompagnement/20260101T020000Z accompagnement_restored /var/lib/accompagnement/restored
# Then run `manage.py check_invariants` there, point DATABASE_URL and MEDIA_ROOT to them, and start the service.
set -eu
[ $# -eq 3 ] || { echo "usage: restore.sh BACKUP NEW_DATABASE NEW_FOLDER" >&2; exit 2; }
backup=$1 database=$2 folder=$3
[ ! -e "$folder" ] || { echo "$folder exists: name a new folder." >&2; exit 1; }
(cd "$backup" && sha256sum --check --quiet SHA256SUMS)
umask 077

# Roles that are there already stay as they are.
psql --quiet --no-psqlrc --dbname postgres --file "$backup/roles.sql" 2>&1 | grep -v 'already exists' >&2 || true
createdb --template template0 "$database"
pg_restore --exit-on-error --dbname "$database" "$backup/database.dump"
mkdir -p "$folder"
tar -C "$folder" -xzf "$backup/files.tar.gz"
psql --quiet --no-psqlrc --dbname "$database" --command ANALYZE
echo "restored into the database $database and the folder $folder"

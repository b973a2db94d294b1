#!/bin/sh
# Back up the roles, the database and people's documents into a new folder of BACKUP_DIR, and forget old ones.
#   PGDATABASE=accompagnement MEDIA_ROOT=/var/lib/accompagnement/files BACKUP_DIR=/var/backups/accompagnement backup.sh
# Run it as a role that reads everything and all roles (`postgres`); libpq's variables say where the server is.
set -eu
: "${PGDATABASE:?}" "${MEDIA_ROOT:?}" "${BACKUP_DIR:?}"
umask 077
name=$(date -u +%Y%m%dT%H%M%SZ)
unfinished="$BACKUP_DIR/unfinished-$name"
mkdir -p "$unfinished" "$MEDIA_ROOT"
trap 'rm -rf "$unfinished"' EXIT

pg_dumpall --roles-only --file "$unfinished/roles.sql"
pg_dump --format=custom --file "$unfinished/database.dump"
# After the database, so that no row names a file that the copy lacks.
tar -C "$MEDIA_ROOT" -czf "$unfinished/files.tar.gz" .
(cd "$unfinished" && sha256sum roles.sql database.dump files.tar.gz >SHA256SUMS)
sync
mv "$unfinished" "$BACKUP_DIR/$name"
trap - EXIT
find "$BACKUP_DIR" -maxdepth 1 -type d -name '20*Z' -mtime +"${KEEP_DAYS:-30}" -exec rm -rf {} +
echo "$BACKUP_DIR/$name"

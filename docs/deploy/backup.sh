#!/bin/sh
# Back up the roles, the database and people's documents into a new folder of BACKUP_DIR, and forget old ones.
#   PGDATABASE=accompagnement MEDIA_ROOT=/var/lib/accompagnement/files BACKUP_DIR=/var/backups/accompagnement backup.sh
# Run it as root: documents are closed to everybody but the service, and `postgres` asks the database for root. With
# PGUSER the database is asked as that role instead; libpq's other variables say where the server is.
set -eu
: "${PGDATABASE:?}" "${MEDIA_ROOT:?}" "${BACKUP_DIR:?}"
[ -d "$MEDIA_ROOT" ] || { echo "$MEDIA_ROOT is no folder: nothing was backed up." >&2; exit 1; }
umask 077
PATH=$PATH:/usr/sbin:/sbin # for `runuser`; cron has neither
asked() {
    if [ "$(id -u)" -eq 0 ] && [ -z "${PGUSER:-}" ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}
name=$(date -u +%Y%m%dT%H%M%SZ)
unfinished="$BACKUP_DIR/unfinished-$name"
mkdir -p "$unfinished"
trap 'rm -rf "$unfinished"' EXIT

asked pg_dumpall --roles-only >"$unfinished/roles.sql"
asked pg_dump --format=custom >"$unfinished/database.dump"
# After the database, so that no row names a file that the copy lacks.
tar -C "$MEDIA_ROOT" -czf "$unfinished/files.tar.gz" .
(cd "$unfinished" && sha256sum roles.sql database.dump files.tar.gz >SHA256SUMS)
sync
mv "$unfinished" "$BACKUP_DIR/$name"
trap - EXIT
find "$BACKUP_DIR" -maxdepth 1 -type d -name '20*Z' -mtime +"${KEEP_DAYS:-30}" -exec rm -rf {} +
echo "$BACKUP_DIR/$name"

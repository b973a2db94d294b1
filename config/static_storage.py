"""Names each static file by a digest of what it holds, so that browsers keep it for ever."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

OUR_FOLDERS = ("accompaniment", "caseload", "frame", "messaging", "visio")
_IMPORTS = HashedFilesMixin._js_module_import_aggregation_patterns[1]  # type: ignore[attr-defined]  # noqa: SLF001


class ModulesByDigestStorage(CompressedManifestStaticFilesStorage):
    """Lets our modules import each other by digest too. Otherwise a browser would ask again for each of them.

    Django can do so for every script of every package (`support_js_module_import_aggregation`), and stops at an import
    in one that no page loads.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        *((f"{folder}/*.js", _IMPORTS) for folder in OUR_FOLDERS),
    )

"""The errors a user can cause.

    MRetrieveError
     ├── FormatError             a motion file cannot be read: which file, which line, what to do
     ├── RigError                a rig cannot be brought to the canonical skeleton
     ├── IndexStateError         an index is missing, damaged, locked, or of another version or encoder
     └── QueryError              a question that has no meaning: unknown clip, empty range, bad filter

Each message says what is wrong, where (file, line, joint, frame) and what to do next, in one line. The command line
prints it and exits with status 2; a traceback is a bug.
"""


class MRetrieveError(Exception):
    """Base of every error that a user of mretrieve can cause."""


class FormatError(MRetrieveError):
    """A motion file is not what it claims to be; the message begins with `path:line:` where a line is known."""


class RigError(MRetrieveError):
    """A rig has no known or findable counterpart for joints that the canonical skeleton needs."""


class IndexStateError(MRetrieveError):
    """An index is missing, damaged, locked by another writer, or was made by other weights or another version."""


class QueryError(MRetrieveError):
    """A query asks for something that does not exist or cannot be compared."""

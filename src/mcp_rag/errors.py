"""One error tree. Every error says what happened, why, and what to do next; a face maps it once.

::

    McpRagError
    ├── SettingsError            a setting is wrong (all faults together)            exit 2
    │   └── Forbidden            a token whose scopes do not cover what was asked
    ├── InputError               what was given cannot be read or used               exit 3
    │   ├── UnreadableLog        missing, a directory, corrupt archive, no permission
    │   └── OversizedLog         more bytes, or a higher compression ratio, than allowed
    ├── NotFound                 no such incident, issue or document                 exit 4
    ├── LedgerError              the ledger cannot be opened, read or written        exit 5
    │   └── LedgerTooNew         written by a later version of the program
    ├── KnowledgeError           the index or an embedding model failed              exit 6
    │   ├── IndexUnavailable     no Milvus engine or server answers
    │   ├── ModelMismatch        the collection was made with another model
    │   ├── UnsupportedByEngine  this Milvus cannot do what was asked
    │   └── ModelNotInstalled    the weights are not on this machine
    ├── MissingExtra             an optional part is not installed                   exit 7
    ├── ChatError                the language model's server failed                  exit 8
    │   ├── ChatUnreachable      down, refused, timed out, broken off, rested after failures
    │   ├── ContextOverflow      the messages are longer than the model's context
    │   ├── ToolsUnsupported     the model or its server takes no tools
    │   └── ChatMalformed        answered, but not usably
    └── RemoteError              a server that was named did not answer as it should exit 9
        ├── RemoteUnreachable    down, not found by name, timed out
        ├── RemoteRefused        the token is missing, wrong, or may not do this
        └── RemoteBusy           it asks to wait longer than we do
"""

from __future__ import annotations


class McpRagError(Exception):
    """``what`` happened, ``why``, and what to do ``next_step``; each a sentence without its final stop."""

    def __init__(self, what: str, why: str = "", next_step: str = "") -> None:
        self.what, self.why, self.next_step = what, why, next_step
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.what}: {self.why}" if self.why else self.what
        return f"{head}. {self.next_step}." if self.next_step else f"{head}."


class SettingsError(McpRagError):
    pass


class Forbidden(SettingsError):
    pass


class InputError(McpRagError):
    pass


class UnreadableLog(InputError):
    pass


class OversizedLog(InputError):
    pass


class NotFound(McpRagError):
    pass


class LedgerError(McpRagError):
    pass


class LedgerTooNew(LedgerError):
    pass


class KnowledgeError(McpRagError):
    pass


class IndexUnavailable(KnowledgeError):
    pass


class ModelMismatch(KnowledgeError):
    pass


class UnsupportedByEngine(KnowledgeError):
    pass


class ModelNotInstalled(KnowledgeError):
    pass


class MissingExtra(McpRagError):
    pass


class ChatError(McpRagError):
    pass


class ChatUnreachable(ChatError):
    pass


class ChatMalformed(ChatError):
    pass


class ContextOverflow(ChatError):
    pass


class ToolsUnsupported(ChatError):
    pass


class RemoteError(McpRagError):
    pass


class RemoteUnreachable(RemoteError):
    pass


class RemoteRefused(RemoteError):
    pass


class RemoteBusy(RemoteError):
    pass

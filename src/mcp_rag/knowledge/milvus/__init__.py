"""The Milvus index: embedded in the home folder, or on a server.

::

    expressions   values and filters → what an engine can be told safely
    schema        the collection: its fields, its indexes, and what it remembers of its model
    locks         waiting for other processes, with a word and an end
    engine        the one embedded engine of a home, shared by all processes
    linger        keeps a large one loaded for a while after its last user
    link          a client, and what is different between an embedded Milvus and a server
    connection    where Milvus is → a client; Milvus' errors → ours
    index         entries in, ranked hits out

Milvus Lite 2.5.1 was chosen over 3.2.2 by measuring both: 10,000 entries, four channels, 50 hits each, two busy
cores: 14 ms against 880 (3,300 before a flush), a collection's description kept against lost, and a whitespace
tokenizer against none. With 100,000 entries 2.5.1 needs 50 to 67 ms with the exact FLAT, so no approximate index is
used; it takes 2,600 to 3,000 rows a second and, once, 0.09 ms a row to load them.
"""

from mcp_rag.knowledge.milvus.connection import MilvusConnection
from mcp_rag.knowledge.milvus.index import MilvusIndex, drop_collection

__all__ = ["MilvusConnection", "MilvusIndex", "drop_collection"]

"""The assistant as tools of the Model Context Protocol, over standard input and output or HTTP."""

BRIEF = ("get_known_issue", "check_environment", "record_outcome")
"""Tools that ask the ledger alone, and so answer at once. A search may wait for the index, and a stream kept alive
meanwhile."""

"""The assistant as a web page: rendered on the server, readable and usable without JavaScript."""

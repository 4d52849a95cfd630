"""Node.js and npm, which explain their codes in JavaScript: it is asked of themselves."""

from __future__ import annotations

import json
import os
import re

from mcp_rag.knowledge.tool_indexes.index import ToolAbsent, ToolIndex, ask, entry, version_of

_NODE = "const {getSystemErrorMap} = require('util');console.log(JSON.stringify([...getSystemErrorMap().values()]))"

_NPM = """
const fs = require('fs'), path = require('path')
const file = path.join(path.dirname(process.argv[1]), '..', 'lib', 'utils', 'error-message.js')
const { errorMessage } = require(file)
const unsaid = '\u0001'
const npm = { loaded: false, config: { get: () => '' }, prefix: unsaid, command: '', version: '' }
const words = parts => parts.flat().filter(part => typeof part === 'string').join('\\n').split('\\n')
  .filter(line => line.trim() && !line.includes(unsaid) && !/undefined|^Actual: /.test(line)).join('\\n')
const codes = new Set([...fs.readFileSync(file, 'utf8').matchAll(/case '(E[A-Z0-9_]+)'/g)].map(found => found[1]))
const said = []
for (const code of codes) {
  const error = Object.assign(new Error(unsaid), { code, stack: unsaid, path: unsaid, pkgid: 'the-package' })
  error.headers = { 'www-authenticate': ['Basic'] }
  try {
    const { summary, detail } = errorMessage(error, npm)
    said.push([code, words(summary.map(part => part.slice(1))), words(detail.map(part => part.slice(1)))])
  } catch { } // it explains what only a real failure has
}
console.log(JSON.stringify(said))
"""


def node() -> ToolIndex:
    """The system errors of Node.js, as npm and every other program of it prints them."""
    version = version_of("node", "--version")
    issues = [
        entry(
            "node",
            version,
            name,
            what,
            symptoms=(rf"re:\b{re.escape(name)}\b",),
            cause=f"{name}: {what}.",
            urls=("https://nodejs.org/api/errors.html#common-system-errors",),
            language="javascript",
        )
        for name, what in json.loads(ask("node", "-e", _NODE))
    ]
    return ToolIndex("node", version, tuple(issues))


def npm() -> ToolIndex:
    """What npm says below its own codes.

    Raises:
        ToolAbsent: npm or Node.js is not there, or this npm keeps its explanations elsewhere.
    """
    version = version_of("npm", "--version")
    # npm tells what it runs where it lies, which is another place in every distribution.
    tell = "echo %npm_execpath%" if os.name == "nt" else "echo $npm_execpath"
    place = ask("npm", "exec", "--offline", "--no-update-notifier", "-c", tell).strip()
    try:
        told = json.loads(ask("node", "-e", _NPM, place))
    except (ToolAbsent, json.JSONDecodeError) as fault:
        raise ToolAbsent(f"npm {version} does not tell what its codes mean", str(fault), "Leave it out") from fault
    issues = [
        entry(
            "npm",
            version,
            code,
            first.split("\n", 1)[0] if (first := summary or detail) else code,
            symptoms=(rf"re:npm (?:ERR!|error) code {re.escape(code)}\b",),
            cause=summary or detail,
            fix=detail if summary else "",
            urls=("https://docs.npmjs.com/common-errors",),
            language="javascript",
        )
        for code, summary, detail in told
        if summary or detail
    ]
    return ToolIndex("npm", version, tuple(issues))

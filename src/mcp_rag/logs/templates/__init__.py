"""Templates: the shapes of a log's lines, mined in one pass.

miner = TemplateMiner()
for line in lines:
    template = miner.add(line)
for template in miner.templates:
    print(template.count, template.text)
"""

from mcp_rag.logs.templates.miner import TemplateMiner
from mcp_rag.logs.templates.state import load_miner, save_miner
from mcp_rag.logs.templates.template import Template, Token
from mcp_rag.logs.templates.variables import Variable, variables_of

__all__ = ["Template", "TemplateMiner", "Token", "Variable", "load_miner", "save_miner", "variables_of"]

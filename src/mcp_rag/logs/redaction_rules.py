"""What a secret looks like: the rules of detect-secrets, and those that it lacks for logs.

detect-secrets 1.5.0's plugins are used for their compiled expressions (``RegexBasedDetector.denylist``) and, for the
keyword detector, ``BasePlugin.analyze_string``, which "yields all the raw secret values within a supplied string".
Its entropy detectors are left out: they take digests and identifiers for secrets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

Found = tuple[int, int]
"""Start and end of a secret in its line."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Finds one kind of secret, in lines whose lower case holds one of ``hints`` (none: whose shape fits)."""

    kind: str
    hints: tuple[str, ...]
    find: Callable[[str], Iterator[Found]]


SHAPES = re.compile(
    r"[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27}|\d{8,10}:[\w-]{35}|(?:AC|SK)[a-z0-9]{32}|[0-9a-z]{32}-us\d"
    r"|SG\.[\w-]{22}\.|A3T[A-Z0-9]{17}|A(?:BIA|CCA|KIA|SIA)[0-9A-Z]{16}|^\s*[A-Za-z0-9+/]{60,80}={0,2}\s*$"
)
"""Secrets without a word in them that is rare in logs: Discord, Telegram, Twilio, Mailchimp, SendGrid, AWS, and a line
of a key file."""

SHORTEST_SHAPE = 20
"""Characters of the shortest of them, an AWS key."""

_PLACEHOLDER = re.compile(
    r"(?i)none|null|nil|true|false|undefined|unset|empty|missing|required|str|string|bytes|int|object|redacted|hidden"
    r"|masked|secret|password|token|[*.x•]+|[<$%{\[(].*|\.\.\..*"
)
"""Values that stand for a secret without being one."""

_FUNCTION_WORDS = re.compile(
    r"(?i)(?:an?|and|any|are|argument|arguments|as|at|be|been|but|by|can|cannot|could|does|expects|failed|flags?|for|from"
    r"|given|has|have|if|in|instead|into|invalid|is|its?|may|missing|must|needs|no|not|of|on|only|options?|or|parameter"
    r"|required|requires|set|should|so|than|that|the|then|they|this|to|used?|using|values?|via|was|were|when|which|will"
    r"|with|without|you|your)[.,:;]?"
)
"""What follows the name of an option in prose rather than on a command line."""


def looks_random(value: str) -> bool:
    """Whether a value is more likely a secret than a word: letters with digits, or long with both cases."""
    if len(value) < 8 or value.startswith(("/", "./", "~")) or _PLACEHOLDER.fullmatch(value):
        return False
    has_digit, has_letter = any(c.isdigit() for c in value), any(c.isalpha() for c in value)
    mixed = value != value.lower() and value != value.upper()
    return has_letter and (has_digit or (mixed and len(value) >= 20))


def _is_secret(value: str) -> bool:
    return bool(value) and not _PLACEHOLDER.fullmatch(value) and not value.startswith(("/", "./", "~/"))


def _by_pattern(
    expression: str, accept: Callable[[str], bool] = _is_secret, group: int = 1
) -> Callable[[str], Iterator[Found]]:
    pattern = re.compile(expression)

    def find(text: str) -> Iterator[Found]:
        return (m.span(group) for m in pattern.finditer(text) if accept(m[group]))

    return find


_TAIL = re.compile(r"[\w-]*")
"""Tokens grow longer over the years than a plugin expects; what adheres to one belongs to it."""

_JWT_TAIL = re.compile(r"[\w=-]*(?:\.[\w=-]+)*")


@cache
def _plugin(module: str, name: str) -> Any:
    return getattr(import_module(f"detect_secrets.plugins.{module}"), name)()


def _by_plugin(
    module: str,
    name: str,
    *,
    group: bool = False,
    tail: re.Pattern[str] = _TAIL,
    accept: Callable[[str], bool] | None = None,
) -> Callable[[str], Iterator[Found]]:
    """``group``: the secret is the expression's first group and not the whole match."""

    def find(text: str) -> Iterator[Found]:
        for pattern in _plugin(module, name).denylist:
            for match in pattern.finditer(text):
                part = 1 if group and match.re.groups and match[1] else 0
                start, end = match.span(part)
                if part == 0 and (grown := tail.match(text, end)):
                    end = grown.end()
                if accept is None or accept(text[start:end]):
                    yield start, end

    return find


_KEYWORD = (
    r"(?:(?:api|auth|service|account|db|database|priv|private|client)_?key|(?:db|database|key)_?pass|passw(?:or)?d|pwd"
    r"|secret|contrase.a)"
)
_SOME_KEYWORD = re.compile(
    rf"(?i){_KEYWORD}\w{{0,40}}[\]'\"]{{0,2}}\s{{0,8}}(?:[:=!]{{1,3}}>?\s{{0,8}}[\"'`]|\S{{0,50}}\s{{0,8}}[\"'`].*;)"
    rf"|[!=]=\s{{0,8}}\w{{0,40}}{_KEYWORD}"
)
"""Without this no expression of the keyword detector fits, and the library need not be imported."""


def _find_keywords(text: str) -> Iterator[Found]:
    if not _SOME_KEYWORD.search(text):
        return
    for value in _plugin("keyword", "KeywordDetector").analyze_string(text):
        if _is_secret(value):
            # The detector says what, not where: between its quotes, as its expressions ask, and not in a word before.
            starts = [text.find(f"{quote}{value}{quote}") + 1 for quote in "\"'`"]
            start = min((at for at in starts if at), default=text.find(value))
            yield start, start + len(value)


def _has_digit(value: str) -> bool:
    return any(c.isdigit() for c in value)


def _is_telegram(value: str) -> bool:
    _, _, token = value.partition(":")
    return len(token) == 35 and not re.fullmatch(r"[0-9a-f]+", token)


def _is_key_material(value: str) -> bool:
    """Base64 of a key has both cases and digits; a digest has one case."""
    return _has_digit(value) and value != value.lower() and value != value.upper()


def _is_jwt(value: str) -> bool:
    return bool(_plugin("jwt", "JwtTokenDetector").is_formally_valid(".".join(value.split(".")[:2])))


def _is_email(value: str) -> bool:
    user, _, domain = value.partition("@")
    named = user.lower() not in _ACCOUNTS and not _SUFFIXES.fullmatch(domain.rpartition(".")[2])
    return named and not re.match(r"v?\d+\.\d", domain)


_ACCOUNTS = frozenset({"git", "hg", "svn", "root", "ubuntu", "ec2-user", "postgres", "www-data", "runner"})
"""Accounts that name no person."""

_SUFFIXES = re.compile(
    r"(?i)service|socket|timer|mount|slice|scope|target|device|path|[mc]?js|tsx?|jsx|css|json|pyc?|so|git|zip|t?gz|jar|java"
    r"|class|ya?ml|md|html|txt|log|conf|toml|lock|png|jpg|svg|rs|go|rb|cc|cpp|hpp|whl|internal|local|lan"
    r"|localhost|test|invalid"
)
"""Ends of unit and file names (``user@1000.service``, ``icon@2x.png``) and of hosts inside a network."""

_WORD = (
    r"(?:passw(?:or)?d|passphrase|passwort|secret|credential|(?:api|access|auth|private|client|secret|account)[_-]?key)"
)
_WORD_HINTS = (
    "passw",
    "passphrase",
    "secret",
    "credential",
    "_key",
    "-key",
    "apikey",
    "accesskey",
    "authkey",
    "privatekey",
)
_VALUE = r"""([^\s"'`,;&|)\]}<>]+)"""
_PREFIXED = (
    r"(?<![A-Za-z0-9])((?:github_pat_|hf_|npm_|dckr_pat_|glsa_|glc_|gsk_|r8_|pcsk_|lin_api_|shpat_|shpss_|whsec_"
    r"|[sr]k_(?:live|test)_|dop_v1_|sk-ant-|sk-proj-|sk-or-v1-|nvapi-|pplx-|xai-|xapp-|xox[a-z]-|ya29\.|hvs\.|dapi"
    r"|AIza|sk-|AGE-SECRET-KEY-1)[A-Za-z0-9_-]{20,})"
)
_PREFIX_HINTS = (
    "github_pat_", "hf_", "npm_", "dckr_pat_", "glsa_", "glc_", "gsk_", "r8_", "pcsk_", "lin_api_", "shpat_", "shpss_",
    "whsec_", "k_live_", "k_test_", "dop_v1_", "sk-", "nvapi-", "pplx-", "xai-", "xapp-", "xox", "ya29.", "hvs.",
    "dapi", "aiza", "age-secret-key-",
)  # fmt: skip


def _is_prefixed(value: str) -> bool:
    # A name in kebab or snake case has no run of 16 letters and digits with a digit in it; a token has.
    return any(_has_digit(run) for run in re.findall(r"[A-Za-z0-9]{16,}", value))


_IBM_HINTS = ("ibm_", "ibm-", "ibmcloud", "ibmiam", "ibmcos", "cloud_iam", "cloud-iam")
"""Not plain ``ibm``, which libm.so has."""

_GITLAB_HINTS = (
    "glpat-",
    "gldt-",
    "glft-",
    "glsoat-",
    "glrt-",
    "gr1348941",
    "glcbt-",
    "glimt-",
    "glptt-",
    "glagent-",
    "gloas-",
)

PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?:\s|⏎|\\[rn])*+[A-Za-z0-9+/=]{16,}+)++"
    r"(?:(?:\s|⏎|\\[rn])*+[A-Za-z0-9+/=]{1,80}+)?+(?:\s|⏎|\\[rn])*+"
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?"
)
"""A key, or the begin of one, in a single line; the marker alone, as error messages quote it, is none."""

SECRETS: tuple[Rule, ...] = (
    Rule("private-key", (), _by_pattern(r"^\s*([A-Za-z0-9+/]{60,80}={0,2})\s*$", _is_key_material)),
    Rule("private-key", ("putty-user-key",), _by_plugin("private_key", "PrivateKeyDetector")),
    Rule("jwt", ("eyj",), _by_plugin("jwt", "JwtTokenDetector", tail=_JWT_TAIL, accept=_is_jwt)),
    Rule("aws-key", ("aws",), _by_plugin("aws", "AWSKeyDetector", group=True)),
    Rule("aws-key", (), _by_plugin("aws", "AWSKeyDetector", group=True)),
    Rule("github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), _by_plugin("github_token", "GitHubTokenDetector")),
    Rule("gitlab-token", _GITLAB_HINTS, _by_plugin("gitlab_token", "GitLabTokenDetector")),
    Rule("slack-token", ("xox", "hooks.slack"), _by_plugin("slack", "SlackDetector", tail=re.compile(r"[\w/-]*"))),
    Rule("stripe-key", ("k_live_",), _by_plugin("stripe", "StripeDetector")),
    Rule("npm-token", ("_authtoken",), _by_pattern(r"_authToken[\"']?\s*[=:]\s*[\"']?" + _VALUE)),
    Rule("pypi-token", ("pypi-ag",), _by_plugin("pypi_token", "PypiTokenDetector")),
    Rule("openai-key", ("t3blbkfj",), _by_plugin("openai", "OpenAIDetector")),
    Rule("sendgrid-key", (), _by_plugin("sendgrid", "SendGridDetector")),
    Rule("square-secret", ("sq0csp-",), _by_plugin("square_oauth", "SquareOAuthDetector")),
    Rule("azure-key", ("accountkey=",), _by_plugin("azure_storage_key", "AzureStorageKeyDetector")),
    Rule("artifactory-key", ("akc",), _by_pattern(r"(?<![A-Za-z0-9])(AKC[a-zA-Z0-9]{10,})(?![A-Za-z0-9])", _has_digit)),
    Rule("cloudant-key", ("cloudant",), _by_plugin("cloudant", "CloudantDetector", group=True)),
    Rule("ibm-key", _IBM_HINTS, _by_plugin("ibm_cloud_iam", "IbmCloudIamDetector", group=True)),
    Rule("ibm-key", _IBM_HINTS, _by_plugin("ibm_cos_hmac", "IbmCosHmacDetector", group=True)),
    Rule("softlayer-key", ("softlayer",), _by_plugin("softlayer", "SoftlayerDetector", group=True)),
    Rule("discord-token", (), _by_plugin("discord", "DiscordBotTokenDetector", accept=_has_digit)),
    Rule("telegram-token", (), _by_plugin("telegram_token", "TelegramBotTokenDetector", accept=_is_telegram)),
    Rule("twilio-key", (), _by_plugin("twilio", "TwilioKeyDetector", accept=_has_digit)),
    Rule("mailchimp-key", (), _by_plugin("mailchimp", "MailchimpDetector", accept=_has_digit)),
    Rule("token", _PREFIX_HINTS, _by_pattern(_PREFIXED, _is_prefixed)),
    Rule("password", ("://",), _by_plugin("basic_auth", "BasicAuthDetector", group=True, accept=_is_secret)),
    # The plugin stops at the punctuation that real passwords have.
    Rule("password", ("://",), _by_pattern(r"://[^\s/:@\"'<>]*:([^\s/@\"'<>]+)@(?=[\w.\[-])")),
    Rule("token", ("://",), _by_pattern(r"://([^\s/:@\"'<>]{16,})@(?=[\w.\[-])", looks_random)),
    Rule(
        "authorization",
        ("authorization",),
        _by_pattern(
            r"(?i)authorization[\"']?\s*[:=,]\s*[bu]?[\"']?(?:bearer|basic|token|digest|negotiate|apikey)\s+" + _VALUE
        ),
    ),
    Rule(
        "authorization", ("bearer", "basic"), _by_pattern(r"(?i)\b(?:bearer|basic)\s+([\w.~+/=-]{12,})", looks_random)
    ),
    Rule(
        "token",
        ("token=", "key=", "sig=", "signature=", "secret=", "password=", "credential="),
        _by_pattern(
            r"(?i)[?&](?:[\w-]*(?:token|signature|secret|password|credential|api_?key)|sig|key)=([^&\s\"'#<>]{6,})"
        ),
    ),
    Rule(
        "password",
        ("--",),
        _by_pattern(
            r"(?i)(?<![\w-])--(?:[a-z0-9]+-)*(?:password|passwd|passphrase|token|secret|api-?key|secret-key|access-key)"
            r"[ =][\"']?(?!-)([^\s\"'<>,;:)\]]+)",
            lambda v: _is_secret(v) and not _FUNCTION_WORDS.fullmatch(v),
        ),
    ),
    Rule(
        "password",
        (" -p",),
        _by_pattern(
            r"(?:\b(?:docker|podman|nerdctl|buildah|oc|az|helm registry)\s+login\b.*?\s-p[ =]?|\bsshpass\s+-p\s?"
            r"|\bmysql\w*\b.*?\s-p)[\"']?([^\s\"'<>-][^\s\"'<>]*)"
        ),
    ),
    Rule("password", ("curl",), _by_pattern(r"\bcurl\b.*?\s(?:-u|--user)[ =]?[\"']?[^\s:\"'<>]+:([^\s\"'<>]+)")),
    Rule(
        "secret",
        (*_WORD_HINTS, "_pass", "dbpass", "pwd", "contrase"),
        _find_keywords,
    ),
    Rule("secret", _WORD_HINTS, _by_pattern(rf"(?i){_WORD}\w{{0,40}}\s?=\s?[\"']?{_VALUE}")),
    Rule(
        "secret",
        _WORD_HINTS,
        _by_pattern(rf"(?i){_WORD}[\"']?:\s*[\"']?{_VALUE}", looks_random),
    ),
    Rule("token", ("token",), _by_pattern(rf"(?i)(?<!publickey)token[\"']?\s?[=:]\s?[\"']?{_VALUE}", looks_random)),
)


EMAIL = Rule(
    "email",
    ("@",),
    _by_pattern(
        r"(?<![\w.%+@-])([A-Za-z0-9][\w.%+-]*@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24})(?![\w@-]|\.\w)",
        _is_email,
    ),
)

"""What must be masked, and what must not: every secret here is made up from its published form."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mcp_rag.logs.redaction import Redactor

A, B, D = "Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z", "abcdefghijklmnopqrstuvwxyz", "0123456789"
HEX = "3f786850e387550fdab836ed7e6dc881"

SECRETS = [
    # (line, what must be gone, kind, what must stay)
    ("key id AKIA" + "QYLPMN5HFIQR7XYA" + " denied", "AKIAQYLPMN5HFIQR7XYA", "aws-key", "key id "),
    (f"aws_secret_access_key = {A}{A[:8]}", A, "secret", "aws_secret_access_key = "),
    (f'"AWS_SECRET_ACCESS_KEY": "{A}{A[:8]}"', A, "", "AWS_SECRET_ACCESS_KEY"),
    (f"remote: ghp_{A}{D[:4]} rejected", A, "github-token", " rejected"),
    (f"github_pat_{A}_{A}", A, "token", ""),
    (f"glpat-{A[:20]} expired", A[:20], "gitlab-token", " expired"),
    (f"xoxb-{D}-{D}-{A}", A, "slack-token", ""),
    (f"POST https://hooks.slack.com/services/T{D}/B{D}/{A[:24]} 404", A[:24], "slack-token", " 404"),
    (f"sk_live_{A[:24]} and rk_live_{A[:24]}", A[:24], "stripe-key", " and "),
    (f"sk_test_{A[:24]}", A[:24], "token", ""),
    (
        "jwt eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P expired",
        "dozjgNryP4J3jVmNHl0w5N",
        "jwt",
        " expired",
    ),
    ("git clone https://bob:hunter2@git.example.com/x.git", "hunter2", "password", "https://bob:"),
    ("postgresql://app:p$ss!w(rd@db:5432/app", "p$ss!w(rd", "password", "@db:5432/app"),
    ("redis://:s3cr3t@cache:6379/0", "s3cr3t", "password", "@cache:6379/0"),
    (f"fatal: unable to access 'https://{A}@github.com/a/b.git/'", A, "token", "@github.com/a/b.git/"),
    (f"//registry.npmjs.org/:_authToken=npm_{A}{D[:4]}", A, "npm-token", "//registry.npmjs.org/"),
    (f"npm_{A}{D[:4]}", A, "token", ""),
    (f"pypi-AgEIcHlwaS5vcmc{A}{A}{A}", A, "pypi-token", ""),
    (f"sk-{A[:20]}T3BlbkFJ{A[:20]}", A[:20], "openai-key", ""),
    (f"Incorrect API key provided: sk-proj-{A}-{A}.", A, "token", "Incorrect API key provided: "),
    (f"sk-ant-api03-{A}-{A}", A, "token", ""),
    (f"hf_{B}{D[:8]}", B, "token", ""),
    (f"AIzaSy{A}a", A, "token", ""),
    (f"ya29.{A}{A}", A, "token", ""),
    (f"AC{HEX} and SK{HEX}", HEX, "twilio-key", " and "),
    (f"SG.{A[:22]}.{A}{A[:11]}", A[:22], "sendgrid-key", ""),
    (f"MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.{A[:27]}", A[:27], "discord-token", ""),
    (f"bot {D}:AA{A}x failed", A, "telegram-token", " failed"),
    (f"mailchimp {HEX}-us12", HEX, "mailchimp-key", "mailchimp "),
    (f"AccountKey={A}{A}{A[:22]}==;EndpointSuffix=core", A, "", "EndpointSuffix=core"),
    (f"sq0csp-{A}{A[:11]}", A, "square-secret", ""),
    (f"X-JFrog-Art-Api: AKCp{A}", A, "artifactory-key", "X-JFrog-Art-Api: "),
    (f"> Authorization: Bearer {A}", A, "authorization", "> Authorization: Bearer "),
    (
        "{'Authorization': 'Basic dXNlcjpwYXNzd29yZA=='}",
        "dXNlcjpwYXNzd29yZA",
        "authorization",
        "'Authorization': 'Basic ",
    ),
    (f"curl -H 'authorization: token {HEX}' https://x", HEX, "authorization", "https://x"),
    (f"sent Bearer {A}.", A, "authorization", "sent Bearer "),
    ("mysql -uroot -phunter22 -h db", "hunter22", "password", " -h db"),
    ("docker login -u bob -p hunter2 registry.example.com", "hunter2", "password", " registry.example.com"),
    ("sshpass -p hunter2 ssh host", "hunter2", "password", " ssh host"),
    ("curl -u bob:hunter2 https://x", "hunter2", "password", "curl -u bob:"),
    ("+ ./deploy --password hunter --region eu", "hunter ", "password", " --region eu"),
    ("+ ./deploy --api-key=abc123def --verbose", "abc123def", "password", " --verbose"),
    (f"GET /v1/x?token={HEX}&page=2 401", HEX, "token", "&page=2 401"),
    (f"https://b.s3.amazonaws.com/k?X-Amz-Date=1&X-Amz-Signature={HEX}{HEX}", HEX, "token", "X-Amz-Date=1"),
    ("password=hunter2", "hunter2", "secret", "password="),
    ("DB_PASSWORD: 's3cret pass'", "s3cret pass", "secret", "DB_PASSWORD: "),
    ("PGPASSWORD=hunter psql -h db", "hunter ", "secret", " psql -h db"),
    ('config {"client_secret": "qwerty-uiop"}', "qwerty-uiop", "secret", "client_secret"),
    (f"WANDB_API_KEY={HEX}12345678", HEX, "secret", "WANDB_API_KEY="),
    (f"HF_TOKEN={A}", A, "token", "HF_TOKEN="),
    (f"> x-api-key: {A}", A, "secret", "> x-api-key: "),
    ("mail to ann.lee+ci@mail.example.org failed", "ann.lee", "email", " failed"),
    ("mailto:ann@example.org", "ann@example", "email", "mailto:"),
    (
        r'key="-----BEGIN PRIVATE KEY-----\n' + A + A + r'\nabc=\n-----END PRIVATE KEY-----\n"',
        A,
        "private-key",
        'key="',
    ),
    (A + A, A, "private-key", ""),
]

ORDINARY = """\
token 'x' unexpected
SyntaxError: invalid token
KeyError: 'password'
KeyError: 'secret_key'
TypeError: login() missing 1 required positional argument: 'password'
error: unexpected token: identifier
error: expected unqualified-id before ')' token
Uncaught SyntaxError: Unexpected token < in JSON at position 0
ValueError: Asking to pad but the tokenizer does not have a padding token. Please select a token to use as `pad_token`
`(tokenizer.pad_token = tokenizer.eos_token e.g.)` or add a new pad token via `tokenizer.add_special_tokens`
This model's maximum context length is 4096 tokens. However, you requested 5000 tokens
max_tokens=4096 num_tokens: 512 prompt_tokens=17 total_tokens=529
eos_token_id=151645, bos_token_id=1, pad_token=None
bos_token: '<s>' eos_token: '</s>'
password authentication failed for user "bob"
FATAL:  password authentication failed for user "postgres"
Error: --token is required
error: the following arguments are required: --password, --api-key
unknown flag: --token-file
Password:
Enter passphrase for key '/home/user/.ssh/id_ed25519':
password must be longer than 8 characters
secret "db-credentials" not found
MountVolume.SetUp failed for volume "certs" : secret "tls-certs" not found
sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
image@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08: not found
3f786850e387550fdab836ed7e6dc881de23001b
commit 3f786850e387550fdab836ed7e6dc881de23001b
integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==
request id 123e4567-e89b-12d3-a456-426614174000 failed
pkg==1.2.3
numpy==1.26.4; python_version < "3.12"
user@host: Permission denied (publickey)
git@github.com: Permission denied (publickey).
git@github.com:org/repo.git
user@1000.service: Main process exited, code=exited, status=1/FAILURE
npm ERR! code E401
npm ERR! 404 '@scope/pkg@1.2.3' is not in this registry.
node_modules/.pnpm/foo@1.0.0_bar@2.0.0/node_modules/foo/index.js:12
github.com/foo/bar@v1.2.3: reading go.mod
/usr/lib/python3.11/site-packages/keyring/backend.py:12: in get_password
File "/app/secrets/passwords.py", line 3, in <module>
  File "/app/token.py", line 12, in read_token
memcpy@@GLIBC_2.14
libc.so.6: version `GLIBC_2.34' not found
ModuleNotFoundError: No module named 'passlib'
ImportError: cannot import name 'secrets' from partially initialized module
botocore.exceptions.NoCredentialsError: Unable to locate credentials
The security token included in the request is expired
401 Client Error: Unauthorized for url: https://huggingface.co/api/models?search=bert
WWW-Authenticate: Bearer realm="https://auth.docker.io/token",service="registry.docker.io"
Using key: value store at http://localhost:8500/v1/kv/
cache key: linux-node-modules-v3-8f14e45fceea167a5a36dedd4bea2543
key = ('input_1', 0)
PWD=/home/runner/work/app
password: None
API_KEY=${API_KEY}
PASSWORD=********
Expecting: ANY PRIVATE KEY
Could not find -----BEGIN PRIVATE KEY----- in the file given
java.security.InvalidKeyException: Illegal key size
org.springframework.security.authentication.BadCredentialsException: Bad credentials
listening on 192.168.0.1:8080
::error file=app.js,line=10,col=15::Something went wrong
std::bad_alloc
E   assert 'abc' == 'abd'
Reference 'System.Web, Version=4.0.0.0, PublicKeyToken=b03f5f7f11d50a3a' not resolved
Caused by: java.lang.IllegalArgumentException: duplicate-key: value already present
Stopping room room1@muc.localhost
- task-scheduler-with-a-long-kebab-name-v2-deployment-7c9d8f6b5d-x2x4z
""".splitlines()


@pytest.mark.parametrize(("line", "gone", "kind", "stays"), SECRETS)
def test_secrets_are_masked_and_their_surroundings_stay(line: str, gone: str, kind: str, stays: str) -> None:
    masked = Redactor().redact(line)
    assert gone not in masked
    assert stays in masked
    assert f"<redacted:{kind}" in masked
    assert Redactor().redact(masked) == masked


@pytest.mark.parametrize("line", ORDINARY)
def test_ordinary_error_text_stays(line: str) -> None:
    assert Redactor().redact(line) == line


def test_a_private_key_is_masked_over_its_lines() -> None:
    body = [f"{A}{A}"[:64], f"{B}{B}{B}"[:64], "abc="]
    lines = ["loading", "-----BEGIN RSA PRIVATE KEY-----", *body, "-----END RSA PRIVATE KEY-----", "done"]
    masked = Redactor().redact_all(lines)
    assert len(masked) == len(lines)
    assert [masked[0], masked[-1]] == ["loading", "done"]
    assert masked[2:5] == ["<redacted:private-key>"] * 3
    assert Redactor().redact("\n".join(lines)) == "\n".join(masked)
    assert Redactor().redact_all(masked) == masked


def test_a_private_key_behind_time_stamps_that_never_ends_hides_no_more_than_itself() -> None:
    stamp = "2024-01-01T00:00:00.123456789Z "
    lines = [f"{stamp}-----BEGIN PRIVATE KEY-----", f"{stamp}{B}{B}{D}", f"{stamp}Traceback (most recent call last):"]
    assert Redactor().redact_all(lines) == [lines[0], "<redacted:private-key>", lines[2]]


def test_addresses_are_masked_by_choice() -> None:
    line = "connect 10.1.2.3:80 and 2001:db8::17 from 127.0.0.1 at 12:30:45 failed in std::move"
    assert Redactor().redact(line) == line
    assert Redactor(ips=True).redact(line) == (
        "connect <redacted:ip>:80 and <redacted:ip> from 127.0.0.1 at 12:30:45 failed in std::move"
    )


def test_a_short_password_is_masked_where_it_stands() -> None:
    line = 'login in main: password = "in"'
    assert Redactor().redact(line) == 'login in main: password = "<redacted:secret>"'


def test_each_kind_can_be_let_through() -> None:
    line = "bob@example.com password=hunter2"
    assert Redactor(emails=False).redact(line) == "bob@example.com password=<redacted:secret>"
    assert Redactor(enabled=False).redact(line) == line
    assert Redactor(enabled=False).redact_all([line]) == [line]


def test_a_very_long_line_is_searched_to_its_end() -> None:
    line = "x" * 500_000 + " password=hunter2 " + "passwordpassword " * 10_000
    masked = Redactor().redact(line)
    assert "hunter2" not in masked
    assert len(masked) == len(line) - len("hunter2") + len("<redacted:secret>")


def test_the_library_is_loaded_only_for_a_line_that_may_hold_a_secret() -> None:
    program = (
        "import sys; from mcp_rag.logs.redaction import Redactor; r = Redactor();"
        "r.redact_all(['Traceback (most recent call last):', 'KeyError: 3', 'pip install x==1.0  # passed']);"
        "assert 'detect_secrets' not in sys.modules; r.redact('ghp_' + 'a1' * 18);"
        "assert 'detect_secrets' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_line_of_many_megabytes_is_masked_at_its_end_too() -> None:
    line = "x" * 20_000_000 + " password=hunter2secret99"
    masked = Redactor().redact(line)
    assert "hunter2" not in masked
    assert len(masked) > 20_000_000

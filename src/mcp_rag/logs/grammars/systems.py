"""Shells, package managers, containers, orchestration, servers, kernels and accelerators."""

# ruff: noqa: E501
# fmt: off
# A rule is one line of a table: broken up, the patterns could no longer be compared.

from __future__ import annotations

from mcp_rag.logs.grammars.rule import INDENTED, ONE_LINE, Role, reach, rule

_REFUSED_CHINESE = (
    "没有那个文件或目录|是一个目录|不是目录|权限不够|权限不足|不允许的操作|未找到命令|错误的解释器|错误的替换"
    "|参数列表过长|资源暂时不可用|无法分配内存|可执行文件格式错误|文本文件忙|打开的文件过多|设备上没有空间"
    "|只读文件系统|符号连接的层数过多|超出磁盘限额|文件已存在|目录非空|设备或资源忙|目标忙|拒绝连接|连接超时"
    "|连接被对方重设|网络不可达|没有到主机的路由|地址已在使用|无法指定被请求的地址|断开的管道|输入/输出错误"
    "|无效的跨设备链接|未知的名称或服务|域名解析暂时失败|文件名过长|文件过大"
)
_ENDED_CHINESE = "已杀死|段错误|总线错误|非法指令|浮点数例外|已放弃|文件大小超出限制|超出 CPU 时限"
"""What the C library and bash say in Chinese, as their catalogues have it."""

SHELL = (
    rule("exit-code", Role.CONSEQUENCE, "process completed|exited with|exit code", r"Process completed with exit code [1-9]|^The command .* exited with [1-9]|^\w[\w.-]* exited with code [1-9]", reason="a command ended with a code other than 0"),
    rule("command-not-found", Role.TOOL, "command not found|not recognized as|: not found|unknown command", r": (?:command )?not found\s*$|: command not found\b|is not recognized as an? (?:internal|name)", ONE_LINE, "a command is not installed", "shell", "sh"),
    rule("no-such-file", Role.TOOL, "no such file or directory|is a directory|not a directory|cannot access", r"^(?:\S*(?:sh|bash|zsh|/\S+)(?:\[\d+\])?: (?:line )?\d+: |(?:\w[\w.+-]*): |/\S+: )?.*(?:No such file or directory|Is a directory|Not a directory)", ONE_LINE, "a file is missing", "shell", "sh"),
    rule("system-refused", Role.TOOL, "argument list too long|resource temporarily unavailable|cannot fork|cannot allocate memory|exec format error|text file busy|too many open files|no space left on device|read-only file system|too many levels of symbolic links|disk quota exceeded", r": (?:Argument list too long|Resource temporarily unavailable|Cannot (?:fork|allocate memory)|[Ee]xec format error|Text file busy|Too many open files(?: in system)?|No space left on device|Read-only file system|Too many levels of symbolic links|Disk quota exceeded)\b", ONE_LINE, "the system refused", "shell", None),
    rule("system-refused-chinese", Role.TOOL, _REFUSED_CHINESE, rf"[:：] ?(?:{_REFUSED_CHINESE})(?=[\s.。:：（(]|$)", ONE_LINE, "the system refused, in Chinese", "shell", None),
    rule("permission-denied", Role.TOOL, "permission denied|operation not permitted|access denied|access is denied|eacces", r"[Pp]ermission denied|Operation not permitted|Access (?:is )?[Dd]enied|EACCES", ONE_LINE, "permission denied", "shell", None),
    rule("shell-syntax", Role.TOOL, "syntax error near|unexpected eof|unexpected end of file|unbound variable|bad substitution", r"syntax error near unexpected|unexpected (?:EOF|end of file)|: unbound variable|bad substitution", ONE_LINE, "the shell could not read its script", "shell", "sh", merges=2),
    rule("shell-refused", Role.TOOL, "not a valid identifier|readonly variable|value too great for base|not in a function|division by 0|only meaningful in a|numeric argument required|ambiguous redirect|integer expression expected",
         r"^\S+: (?:line )?\d+: .*(?:not a valid identifier|readonly variable|value too great for base|not in a function|division by 0|only meaningful in a|numeric argument required|ambiguous redirect|integer expression expected)", ONE_LINE, "the shell refused", "shell", "bash", merges=2),
    rule("git-remote", Role.CONSEQUENCE, "fatal: ", r"^fatal: (?:Could not read from remote|early EOF|the remote end hung up|unable to access '[^']*':?\s*$)", reach(r"^Please make sure|^and the repository|^fatal: ", blanks=1), "git gave up", None, "git"),
    rule("ssh-host-key", Role.TOOL, "host identification has changed", r"REMOTE HOST IDENTIFICATION HAS CHANGED", reach(r"^\S|^\s", stop=r"^fatal|^\+ ", before=r"^@+$", limit=20, key=r"Host key (?:verification|for)"), "the host's key changed", None, "ssh"),
    rule("ssh-open-key", Role.TOOL, "unprotected private key", r"UNPROTECTED PRIVATE KEY FILE", reach(r"^\S", stop=r"Permission denied|password:", before=r"^@+$", limit=12, key=r"^Permissions \d+ for|bad permissions"), "others may read the private key", None, "ssh"),
    rule("git-fatal", Role.TOOL, "fatal: |error: pathspec|conflict (|error: failed to push|! [rejected", r"^(?:fatal: |error: pathspec|error: failed to push|CONFLICT \(| ! \[(?:remote )?rejected\])", reach(r"^fatal: |^hint: |^Please make sure|^and the repository", blanks=1), "git refused", None, "git", merges=1),
    rule("ssh-error", Role.TOOL, "permission denied (|host key verification|too many authentication|ssh: ", r"Permission denied \(|Host key verification failed|Too many authentication failures|^ssh: ", ONE_LINE, "ssh refused", None, "ssh"),
    rule("curl-server-failed", Role.GENERIC, "returned error: 5", r"^curl: \(22\) The requested URL returned error: 5\d\d", ONE_LINE, "an answer that another process failed", None, "curl"),
    rule("curl-error", Role.TOOL, "curl: (|wget: |error 4|error 5", r"^curl: \(\d+\) |^wget: |ERROR [45]\d\d: ", ONE_LINE, "a download failed", None, "curl"),
    rule("network", Role.TOOL, "could not resolve host|connection refused|connection timed out|connection reset|network is unreachable|name or service not known|temporary failure in name|no route to host|econnrefused|etimedout|enotfound|tls handshake|certificate verify failed|address already in use",
         r"Could not resolve host|[Cc]onnection (?:was )?(?:refused|timed out|reset)|Network is unreachable|Name or service not known|Temporary failure in name|No route to host|ECONNREFUSED|ETIMEDOUT|ENOTFOUND|TLS handshake|certificate verify failed|[Aa]ddress already in use", ONE_LINE, "the network or a server did not answer", None, None, merges=1),
    rule("usage-error", Role.TOOL, "unrecognized option|invalid option|unrecognized arguments|no such option|flag provided but not defined|unknown flag|unknown shorthand flag|unknown option|illegal option", r"(?:unrecognized|invalid|unknown|illegal|[Nn]o such) (?:shorthand )?(?:option|argument|flag)|flag provided but not defined", reach(r"^[Uu]sage:|^(?:Run|See|Try|For more).*--?help", blanks=2, limit=8), "a command was called wrongly", "shell", None),
)

PACKAGES = (
    rule("apt-error", Role.TOOL, "e: ", r"^E: (?!.*(?:Sub-process .* returned)|(?:[a-z][\w.+-]*: )?[a-z]+(?:-[a-z0-9]+)+(?:\s|$))\S", reach(r"^E: "), "apt could not install", None, "apt"),
    rule("apt-unmet", Role.TOOL, "unmet dependencies", r"unmet dependencies", reach(r"^\s|^E: "), "unmet dependencies", None, "apt"),
    rule("dpkg-error", Role.TOOL, "dpkg: error|dpkg-deb: error|dpkg-buildpackage: error|dh_", r"^(?:dpkg(?:-\w+)?: error|dh_\w+: error)", INDENTED, "dpkg failed", None, "dpkg"),
    rule("rpm-error", Role.CONSEQUENCE, "bad exit status|rpm build errors", r"^error: Bad exit status|^RPM build errors:|^\s+Bad exit status", INDENTED, "rpmbuild gave up", None, "rpm"),
    rule("rpm-cause", Role.TOOL, "file not found:|failed build dependencies|installed (but unpackaged)|is needed by|error: line ", r"^\s*(?:error: )?(?:File not found: |Failed build dependencies|Installed \(but unpackaged\)|line \d+: )|is needed by", reach(r"^[ \t]", key=r"is needed by|^\s+\S"), "rpmbuild could not package", None, "rpm", merges=1),
    rule("dnf-error", Role.TOOL, "error: | problem: |no match for argument|nothing provides|no package ", r"^ Problem(?: \d+)?: |^Error: (?:Unable to find a match|Failed|Transaction|Cannot|Problem)|No match for argument|nothing provides |^No package .* available", INDENTED, "dnf could not install", None, "dnf", merges=2),
    rule("conda-error", Role.TOOL, "packagesnotfounderror|unsatisfiableerror|libmambaunsatisfiable|resolvepackagenotfound|condahttperror", r"^(?:\w*Error|ResolvePackageNotFound): ?$|^(?:PackagesNotFound|Unsatisfiable|LibMambaUnsatisfiable|CondaHTTP)Error:", reach(r"^\s", blanks=1), "conda could not install", None, "conda"),
    rule("brew-error", Role.TOOL, "error: ", r"^==> .*rror|^Error: No available formula", INDENTED, "brew could not install", None, "brew"),
)

CONTAINERS = (
    rule("docker-step-failed", Role.CONSEQUENCE, "did not complete successfully", r"did not complete successfully: exit code", reason="the step of the image's build that failed", tool="docker"),
    rule("docker-build", Role.TOOL, "failed to solve|returned a non-zero code|> [", r"^(?:ERROR: )?failed to solve|^ERROR: failed to (?:build|solve)|returned a non-zero code: ", ONE_LINE, "the image could not be built", None, "docker"),
    rule("container-exec", Role.CRASH, "no such file or directory", r"^(?:[\w.-]+ +\| )?exec \.?/\S+: no such file or directory|exec user process caused:? \"?no such file or directory", ONE_LINE, "the container's program could not be run", None, "docker"),
    rule("docker-daemon", Role.TOOL, "error response from daemon|unable to find image|docker: error|oci runtime|cannot connect to the docker", r"Error response from daemon|OCI runtime|Cannot connect to the Docker daemon", reach(before=r"^Unable to find image|^container_linux"), "docker refused", None, "docker"),
    rule("kubernetes-event", Role.TOOL, "crashloopbackoff|imagepullbackoff|errimagepull|oomkilled|failedscheduling|failedmount|createcontainerconfigerror|runcontainererror|evicted|back-off|unhealthy|backoff", r"CrashLoopBackOff|ImagePullBackOff|ErrImagePull|OOMKilled|FailedScheduling|FailedMount|CreateContainer(?:Config)?Error|RunContainerError|\bEvicted\b|Back-off (?:restarting|pulling)|\bUnhealthy\b|Warning\s+(?:Failed|BackOff)", ONE_LINE, "Kubernetes could not run it", None, "kubernetes", merges=2),
    rule("kubectl-error", Role.TOOL, "error from server|unable to connect to the server|error validating", r"^Error from server|^Unable to connect to the server|^error: (?:error validating|unable to)|error converting YAML", ONE_LINE, "the Kubernetes server refused", None, "kubectl"),
    rule("helm-error", Role.TOOL, "error: |[error] ", r"^Error: (?:INSTALLATION|UPGRADE|ROLLBACK|UNINSTALL|template|chart|failed to (?:download|parse)|execution error|parse error|\d+ chart)|^\[ERROR\] (?:templates/|Chart)", INDENTED, "helm refused", None, "helm"),
    rule("terraform-error", Role.TOOL, "│ error: |error: ", r"^│ Error: ", reach(r"^│"), "terraform refused", None, "terraform", merges=2),
    rule("ansible-failed", Role.TOOL, "fatal: [|failed: [", r"^(?:fatal|failed): \[[^\]]+\](?:: \w+!|.*=>)", reach(r"^\s|^\}"), "an Ansible task failed", None, "ansible"),
    rule("bazel-error", Role.TOOL, "error: /|error: ", r"^ERROR: (?:/\S+|\S+BUILD\S*|[^ :]+):\d+:\d+: ", reach(stop=r"^(?:Target //|INFO:|FAILED:|Use --)", blanks=0, limit=60), "bazel could not build", None, "bazel", merges=1),
)

SERVERS = (
    rule("systemd-step", Role.TOOL, "failed at step", r"Failed at step \w+ spawning", ONE_LINE, "a unit's program could not be run", None, "systemd"),
    rule("systemd", Role.GENERIC, "failed to start|main process exited|failed with result|start request repeated", r"Main process exited, code=(?:exited, status=[1-9]|killed|dumped)|: Failed with result '|Start request repeated too|Failed to start .+\.$", ONE_LINE, "a unit failed", None, "systemd", merges=2),
    rule("apache-config", Role.TOOL, "syntax error on line|ah00", r"^(?:\S*/)?(?:apache2|httpd|apachectl): Syntax error on line \d+|^AH\d{5}: (?:apache2|httpd): Configuration error", INDENTED, "Apache refused its configuration", None, "apache"),
    rule("haproxy-alert", Role.TOOL, "[alert]", r"^\[ALERT\]\s+\(\d+\) : (?!.*[Ff]atal errors found)", INDENTED, "HAProxy could not go on", None, "haproxy", merges=2),
    rule("dbt-error", Role.TOOL, "encountered an error:|parsing error|compilation error", r"^(?:\d\d:\d\d:\d\d(?:\.\d+)? {1,2})?(?:Encountered an error:|(?:Parsing|Compilation|Runtime|Database) Error\b)", reach(r"^(?:\d\d:\d\d:\d\d(?:\.\d+)? {1,2})?\S? {0,4}\S", stop=r"^\d\d:\d\d:\d\d(?:\.\d+)? {1,2}(?:Done|Finished)\b", blanks=1, limit=12, key=r"^(?!(?:\d\d:\d\d:\d\d(?:\.\d+)? {1,2})?(?:Encountered|(?:Parsing|Compilation|Runtime|Database) Error\s*$))\s*\S"), "dbt failed", "sql", "dbt"),
    rule("nginx", Role.TOOL, "[emerg]|[alert]|[crit]", r"\[(?:emerg|alert|crit)\]", ONE_LINE, "nginx could not go on", None, "nginx"),
    rule("postgres", Role.TOOL, "fatal:  |error:  |panic:  |psql: ", r"^(?!.*\[\d+\] (?:\S+ )?FATAL:  terminating connection due to administrator).*\b(?:FATAL|PANIC|ERROR):  \S|^psql: (?:error|FATAL)", reach(r"(?:DETAIL|HINT|CONTEXT|STATEMENT|LINE \d+|QUERY):\s|^\s+\^"), "PostgreSQL refused", "sql", "postgresql", merges=0),
    rule("mysql", Role.TOOL, "[error] [my-|error 1|error 2|[error] innodb", r"\[ERROR\] \[MY-\d+\]|^ERROR \d{4} \(\w{5}\)|\[ERROR\] (?:InnoDB|mysqld|Fatal|Aborting)", ONE_LINE, "MySQL refused", "sql", "mysql", merges=0),
    rule("redis", Role.TOOL, "# fatal|can't handle rdb|misconf|noauth|wrongpass|# could not|# oom|clusterdown|crossslot|wrongtype|readonly you|masterdown|noscript|noperm|execabort|noreplicas|loading redis|oom command|(error) ", r"# (?:Fatal|Can't|Could not|OOM)|OOM command not allowed |^\(error\) |MISCONF |NOAUTH |WRONGPASS |^(?:CLUSTERDOWN|CROSSSLOT|WRONGTYPE|READONLY|MASTERDOWN|NOSCRIPT|NOPERM|EXECABORT|NOREPLICAS|LOADING) [A-Z]", ONE_LINE, "redis refused", None, "redis"),
)

KERNEL = (
    rule("out-of-memory", Role.CRASH, "out of memory: kill|oom-kill|killed process|invoked oom-killer|oomkilled|cannot allocate memory|out of memory allocating", r"Out of memory: Kill|: out of memory allocating \d+ bytes|oom-kill:|Killed process \d+|invoked oom-killer|Cannot allocate memory", ONE_LINE, "memory ran out", None, "kernel", merges=1),
    rule("killed", Role.CRASH, "killed", r"^(?:\S+: line \d+: +\d+ )?Killed\b|\bsignal 9\b.*[Kk]ill", ONE_LINE, "the process was killed, most often for memory", None, "kernel"),
    rule("killed-chinese", Role.CRASH, _ENDED_CHINESE.lower(), rf"(?:^|行[:：] ?\d* *)(?:{_ENDED_CHINESE})", ONE_LINE, "a signal ended the process, in Chinese", None, "kernel"),
    rule("disk-full", Role.CRASH, "no space left on device|disk quota exceeded|enospc", r"No space left on device|Disk quota exceeded|ENOSPC", ONE_LINE, "the disk is full", None, "kernel"),
    rule("segfault", Role.CRASH, "segfault at|segmentation fault|sigsegv|bus error|illegal instruction|core dumped|sigabrt|stack overflow", r"segfault at|[Ss]egmentation fault|\bSIG(?:SEGV|ABRT|BUS|ILL)\b|Bus error|Illegal instruction|core dumped|fatal runtime error: stack overflow", reach(r"^\s+#?\d+|^#\d+ |^0x[0-9a-f]+ in |^\d+\t"), "the process crashed", None, None),
    rule("kernel-panic", Role.CRASH, "kernel panic|bug: unable to|general protection fault|call trace:", r"Kernel panic|BUG: (?:unable|soft lockup)|general protection fault", reach(r"\]\s", limit=60), "the kernel crashed", None, "kernel"),
    rule("timeout", Role.TOOL, "no output has been received|timed out after|timeout exceeded|exceeded the maximum|deadline exceeded|the job exceeded|watchdog", r"No output has been received in the last|[Tt]imed out after \d|[Tt]imeout exceeded|exceeded the maximum (?:time|log|execution)|[Dd]eadline exceeded", reach(r"^Check the details|^The build has been"), "time ran out", None, None),
)

ACCELERATORS = (
    rule("inductor-choice", Role.HARMLESS, "select_algorithm.py", r"^[EW]\d{4} \S+ \d+ torch/_inductor/select_algorithm\.py:\d+\] ", reach(r"^[EW]\d{4} \S+ \d+ torch/_inductor/select_algorithm\.py:\d+\] "), "a kernel that autotuning does without"),
    rule("cuda", Role.CRASH, "cuda error|cudaerror|cuda out of memory|cudnn_status|cublas_status|device-side assert|cuda driver version|no cuda-capable|no kernel image|system not yet initialized", r"CUDA (?:error|out of memory|driver version)|\bcudaError\w+|CU(?:DNN|BLAS)_STATUS_(?!SUCCESS)|device-side assert|no CUDA-capable device|no kernel image is available|\bError 802: system not yet initialized", ONE_LINE, "CUDA failed", None, "cuda", merges=2),
    rule("nccl", Role.CRASH, "nccl warn|nccl error|ncclsystemerror|ncclunhandled|ncclinternal|ncclremoteerror|watchdog caught|[nccl", r"NCCL WARN|NCCL [Ee]rror|nccl(?:System|UnhandledCuda|Internal|Remote|InvalidUsage)Error|Watchdog caught collective", ONE_LINE, "NCCL failed", None, "nccl", merges=2),
    rule("xid", Role.CRASH, "nvrm: xid|fallen off the bus|nvrm: gpu", r"NVRM: (?:Xid|GPU)|fallen off the bus", ONE_LINE, "the GPU reported a fault", None, "nvidia"),
)

MODEL_SERVERS = (
    rule("llama-cpp", Role.TOOL, "error loading model|due to model loading", r"^(?:llama_model_load|gguf_init_from_file\w*|llama_load_model_from_file): error loading model|^main: exiting due to model loading error", ONE_LINE, "llama.cpp could not load the model", None, "llama.cpp", merges=3),
    rule("triton-model", Role.TOOL, "failed to load '", r"^E\d{4} \S+ \d+ \S*model_(?:repository_manager|lifecycle)\.cc:\d+\] .*failed to load '", ONE_LINE, "Triton could not load a model", None, "triton", merges=2),
    rule("elasticsearch-answer", Role.TOOL, "_exception\"", r"^\s*\"type\": ?\"[a-z]+(?:_[a-z]+)*_exception\",$", reach(r"^\s+\"reason\"", limit=3, key=r"\"reason\""), "Elasticsearch refused", None, "elasticsearch", merges=3),
)

RULES = CONTAINERS + SERVERS + MODEL_SERVERS + ACCELERATORS + KERNEL + PACKAGES + SHELL

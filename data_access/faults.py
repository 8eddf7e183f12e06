"""What went wrong with the database, in one Chinese sentence with the English key word for searching.

Sources: PostgreSQL's SQLSTATE codes (appendix A of its manual) and libpq's messages. While a connection is being made
the driver gives no SQLSTATE, only text, which a server may have translated: both the English and the Chinese form count.
"""

from __future__ import annotations

import re

import psycopg2
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# data_corrupted, index_corrupted, undefined_file, io_error
_DAMAGED = frozenset({"XX001", "XX002", "58P01", "58030"})
_CONFLICT = "conflict with recovery"
#: How our own side says that it has closed a connection on which the server was silent (``data_access/bounded.py``).
SILENT = "no answer from the server"

# While connecting, the first pattern found wins: of several hosts the one that answers says more than the one that is off.
_CONNECTING: tuple[tuple[str, str], ...] = (
    (
        r"password authentication failed for user \"(?P<x>[^\"]*)\"",
        "用户 {x} 的密码不对，或没有这个用户（password authentication failed）",
    ),
    (
        r"password authentication failed|Password 认证失败|密码认证失败",
        "用户名或密码不对（password authentication failed）",
    ),
    (r"no password supplied", "服务器要密码，地址里没有写（no password supplied）"),
    (r"(?:role|角色) ?\"(?P<x>[^\"]*)\" (?:does not exist|不存在)", "没有用户 {x}（role does not exist）"),
    (r"role \"(?P<x>[^\"]*)\" is not permitted to log in", "用户 {x} 不许登录（not permitted to log in）"),
    (
        r"(?:Peer|Ident|GSSAPI|LDAP|certificate) authentication failed for user \"(?P<x>[^\"]*)\"",
        "服务器没有认可用户 {x}（authentication failed）",
    ),
    (
        r"no pg_hba\.conf entry|pg_hba\.conf rejects|没有.*pg_hba\.conf",
        "服务器不许从本机以这个用户连这个库，或要求加密而没有加密：请对方在 pg_hba.conf 放行（no pg_hba.conf entry）",
    ),
    (r"(?:database|数据库) ?\"(?P<x>[^\"]*)\" (?:does not exist|不存在)", "没有数据库 {x}（database does not exist）"),
    (
        r"permission denied for database \"?(?P<x>[^\"\s]*)",
        "用户没有连数据库 {x} 的权限（permission denied for database）",
    ),
    (
        r"too many clients|too many connections|remaining connection slots|connection limit",
        "数据库的连接已满，稍后再试（too many connections）",
    ),
    (
        r"server does not support SSL",
        "服务器不支持加密连接，而地址里要求了 sslmode（server does not support SSL）",
    ),
    (
        r"certificate verify failed|root certificate file|certificate is not|server certificate for",
        "服务器的证书没有通过核对，见地址里的 sslmode 与 sslrootcert（certificate verify failed）",
    ),
    (r"SSL error|SSL SYSCALL error|sslmode value", "加密连接没有建成（SSL error）"),
    (
        r"starting up|shutting down|not yet accepting connections|not accepting connections|recovery mode",
        "数据库正在启动或停止，稍后再试（the database system is starting up）",
    ),
    (
        r"session is (?:not )?read-only|server is (?:not )?in hot standby|target_session_attrs",
        "没有一台主机合乎地址里的 target_session_attrs（session attributes）",
    ),
    (
        r"could not translate host name \"(?P<x>[^\"]*)\"",
        "找不到主机名 {x}：请核对地址或域名解析（could not translate host name）",
    ),
    (
        r"Name or service not known|name resolution",
        "找不到主机名：请核对地址或域名解析（could not translate host name）",
    ),
    (
        r"connection to server on socket \"(?P<x>[^\"]*)\" failed",
        "连不上 {x}：那里没有数据库在听（connection failed）",
    ),
    (
        r"connection to server at \"(?P<x>[^\"]*)\"(?: \([^)]*\))?, port (?P<y>\d+) failed: Connection refused",
        "连不上 {x}:{y}：那里没有数据库在听（connection refused）",
    ),
    (
        r"connection to server at \"(?P<x>[^\"]*)\"(?: \([^)]*\))?, port (?P<y>\d+) failed: (?:timeout expired|.*timed out)",
        "连不上 {x}:{y}：没有回音，请核对地址与防火墙（timeout expired）",
    ),
    (
        r"connection to server at \"(?P<x>[^\"]*)\"(?: \([^)]*\))?, port (?P<y>\d+) failed: .*(?:unreachable|No route)",
        "连不上 {x}:{y}：网络到不了（unreachable）",
    ),
    (rf"{SILENT} for (?P<x>\d+) s", "数据库 {x} 秒没有回音，已断开连接（no answer）：可能停住了，或网络中断"),
    (r"timeout expired|timed out", "连不上数据库：没有回音，请核对地址与防火墙（timeout expired）"),
    (
        r"server closed the connection|connection (?:has been|already) closed|could not receive data|terminating connection",
        "与数据库的连接中断（server closed the connection）",
    ),
)

# SQLSTATE, the pattern that finds what to name in the message, the sentence.
_ANSWERED: dict[str, tuple[str, str]] = {
    "28P01": (r"", "用户名或密码不对（password authentication failed）"),
    "28000": (r"", "服务器没有认可这个用户（invalid authorization）"),
    "3D000": (r"\"(?P<x>[^\"]+)\"", "没有数据库 {x}（database does not exist）"),
    "3F000": (r"\"(?P<x>[^\"]+)\"", "没有模式 {x}（schema does not exist）"),
    "42P01": (r"\"(?P<x>[^\"]+)\"", "没有表 {x}（relation does not exist）"),
    "42703": (r"(?P<x>[\w.\"]+) (?:does not exist|不存在)", "没有列 {x}（column does not exist）"),
    "42501": (
        r"permission denied for (?P<x>.+)|权限不够: ?(?P<y>.+)",
        "没有读 {x} 的权限（permission denied）：请对方授予 SELECT",
    ),
    "57014": (
        r"",
        "查询超过时限，被数据库停下（statement timeout）：可在地址里写 options=-c statement_timeout=300s 放宽",
    ),
    "55P03": (r"", "等锁超过时限（lock timeout）：对方可能正在改表，稍后再试"),
    "25P03": (r"", "会话闲置超过时限，被数据库断开（idle-in-transaction timeout）"),
    "40P01": (r"", "查询与备库回放互相等待，被取消（deadlock detected），稍后再试"),
    "25006": (r"", "只读会话里不能写（read-only transaction）"),
    "53300": (r"", "数据库的连接已满，稍后再试（too many connections）"),
    "53200": (r"", "数据库内存不足（out of memory）"),
    "53100": (r"", "数据库磁盘已满（disk full）"),
    "XX001": (r"", "数据库的数据文件已损坏（data corrupted）：请对方检查存储"),
    "XX002": (r"", "数据库的索引已损坏（index corrupted）：请对方重建索引"),
    "57P01": (r"", "数据库被管理员停止，或连接被断开（terminating connection）"),
    "57P02": (r"", "数据库意外停止（crash shutdown）"),
    "57P03": (r"", "数据库正在启动或停止，稍后再试（the database system is starting up）"),
}


def explain(error: BaseException) -> str:
    """One Chinese sentence for ``error``; without a known cause, the first line of the driver's own message.

    A password never appears: SQLAlchemy's text (statement, parameters, address) is not used, and what looks like a
    password in the driver's text is blanked.
    """
    if isinstance(error, PoolTimeout):
        return "同时的查询太多，连接池等不到空位，稍后再试（connection pool timeout）"
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    text = str(original)
    code = sqlstate(error)
    if _CONFLICT in text:
        return "查询与备库的回放冲突，被取消（conflict with recovery），稍后再试"
    if code == "40001":
        return "并发冲突，稍后再试（serialization failure）"
    return _answered(code, text) or _connecting(original, text) or _first_line(text, original)


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's five-letter code behind ``error``; None where the driver knows none (mostly while connecting)."""
    original = error.orig if isinstance(error, DBAPIError) else error
    return original.pgcode if isinstance(original, psycopg2.Error) else None


def is_conflict(error: BaseException) -> bool:
    """True when the standby's replay (or a serialization conflict, a deadlock) cancelled a query that may run again.

    The text is asked too: a connection that ends by the conflict may leave the driver without a code.
    """
    return sqlstate(error) in ("40001", "40P01") or (
        isinstance(error, DBAPIError | psycopg2.Error) and _CONFLICT in str(error)
    )


def may_run_again(error: BaseException) -> bool:
    """True for a conflict, and for a connection lost without a word in the middle of a transaction.

    A standby that ends an idle transaction for its replay says so in a message that libpq takes for a notice: what the
    driver sees is only "server closed the connection", as it does of a server that ends during COPY. Reading again does
    no harm; a server that is really gone refuses the new connection, which is another fault.
    """
    return is_conflict(error) or (
        isinstance(error, DBAPIError | psycopg2.Error)
        and sqlstate(error) is None
        and "server closed the connection unexpectedly" in str(error)
        and "connection to server" not in str(error)
    )


def is_damage(error: BaseException) -> bool:
    """True when files of the database cannot be read: a page fails its checksum, a file or an index entry is missing."""
    code = sqlstate(error)
    return code in _DAMAGED or (
        code == "XX000" and re.search(r"could not (?:read|open)|invalid page", str(error)) is not None
    )


def _answered(code: str | None, text: str) -> str | None:
    if code is None or code not in _ANSWERED:
        return None
    if code == "57014" and "timeout" not in text and "超时" not in text:
        return "查询被取消（canceling statement due to user request）"
    pattern, sentence = _ANSWERED[code]
    return _filled(sentence, re.search(pattern, text.splitlines()[0] if text else ""))


def _connecting(original: BaseException, text: str) -> str | None:
    if not isinstance(original, psycopg2.Error):
        return None
    for pattern, sentence in _CONNECTING:
        match = re.search(pattern, text)
        if match:
            return _filled(sentence, match)
    return None


def _filled(sentence: str, match: re.Match[str] | None) -> str:
    found = {name: value for name, value in match.groupdict().items() if value} if match else {}
    x = found.get("x") or found.get("y") or "（未说明）"
    return sentence.format(x=x, y=found.get("y", ""))


def _first_line(text: str, original: BaseException) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), type(original).__name__)
    line = re.sub(r"(?i)(password\s*=\s*)('[^']*'|\S+)", r"\1***", line)
    return re.sub(r"(://[^:/@\s]*:)[^@\s]*@", r"\1***@", line)
